"""How money is protected is a text of its own (F119)."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0006_tries_counted"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="consent",
            name="consent_kind_known",
        ),
        migrations.RemoveConstraint(
            model_name="legaltext",
            name="legal_text_kind_known",
        ),
        migrations.AlterField(
            model_name="consent",
            name="kind",
            field=models.CharField(
                choices=[
                    ("TERMS", "Terms of use"),
                    ("PRIVACY", "Privacy notice"),
                    ("FUNDS", "How your money is protected"),
                ],
                max_length=7,
                verbose_name="kind",
            ),
        ),
        migrations.AlterField(
            model_name="legaltext",
            name="kind",
            field=models.CharField(
                choices=[
                    ("TERMS", "Terms of use"),
                    ("PRIVACY", "Privacy notice"),
                    ("FUNDS", "How your money is protected"),
                ],
                max_length=7,
                verbose_name="kind",
            ),
        ),
        migrations.AddConstraint(
            model_name="consent",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["TERMS", "PRIVACY", "FUNDS"])),
                name="consent_kind_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="legaltext",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["TERMS", "PRIVACY", "FUNDS"])),
                name="legal_text_kind_known",
            ),
        ),
    ]
