"""The region of a person, kept beside him; and one more thing that a winner may allow (F100, F222)."""

import django.db.models.deletion
from django.db import migrations, models

STANDS = """
CREATE TRIGGER accounts_personregion_never_changes BEFORE UPDATE OR DELETE ON accounts_personregion
    FOR EACH ROW EXECUTE FUNCTION evidence_never_changes();
ALTER TABLE accounts_personregion ENABLE ALWAYS TRIGGER accounts_personregion_never_changes;
"""
UNDO = "DROP TRIGGER accounts_personregion_never_changes ON accounts_personregion;"


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0010_papers_stand"),
    ]

    operations = [
        migrations.CreateModel(
            name="PersonRegion",
            fields=[
                (
                    "person",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="region",
                        serialize=False,
                        to="accounts.person",
                        verbose_name="person",
                    ),
                ),
                (
                    "region",
                    models.CharField(blank=True, default="", max_length=2, verbose_name="region"),
                ),
                ("recorded_at", models.DateTimeField(verbose_name="recorded at")),
            ],
            options={
                "verbose_name": "region of a person",
                "verbose_name_plural": "regions of persons",
            },
        ),
        migrations.RemoveConstraint(
            model_name="publicitychoice",
            name="publicity_shows_known",
        ),
        migrations.AddConstraint(
            model_name="publicitychoice",
            constraint=models.CheckConstraint(
                condition=models.Q(("shows__contained_by", ["SURNAME", "PLACE", "OUTLET"])),
                name="publicity_shows_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="personregion",
            constraint=models.CheckConstraint(
                condition=models.Q(("region__regex", "^([1-8][0-9])?$")),
                name="person_region_is_a_province",
            ),
        ),
        migrations.RunSQL(STANDS, UNDO),
    ]
