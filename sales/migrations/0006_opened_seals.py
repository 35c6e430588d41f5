import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("games", "0003_licences_and_announcements_stand"),
        ("sales", "0005_sealed_lines"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="receipt",
            name="copy",
            field=models.TextField(default=None, verbose_name="owner's copy"),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="receipt",
            name="leaf",
            field=models.BinaryField(default=None, max_length=32, verbose_name="leaf"),
            preserve_default=False,
        ),
        migrations.CreateModel(
            name="OpenedSeal",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "approval_code",
                    models.CharField(max_length=20, unique=True, verbose_name="approval"),
                ),
                ("reason", models.CharField(max_length=500, verbose_name="reason")),
                ("opened_at", models.DateTimeField(verbose_name="opened at")),
                ("closes_at", models.DateTimeField(verbose_name="open until")),
                (
                    "checker",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="approved by",
                    ),
                ),
                (
                    "draw",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="games.draw",
                        verbose_name="draw",
                    ),
                ),
                (
                    "maker",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="asked for by",
                    ),
                ),
            ],
            options={
                "verbose_name": "opening of a seal",
                "verbose_name_plural": "openings of seals",
                "db_table": "sales_opened_seal",
                "indexes": [models.Index(fields=["draw", "closes_at"], name="opened_seal_of_draw")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("closes_at__gt", models.F("opened_at"))),
                        name="seal_closes_after_it_opens",
                    )
                ],
            },
        ),
    ]
