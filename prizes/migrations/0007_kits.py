"""The regulator's kit of a draw: an edition stands as it was made, and the log holds it."""

import django.db.models.deletion
from django.db import migrations, models

SQL = """
CREATE TRIGGER prizes_kit_never_changes BEFORE UPDATE OR DELETE ON prizes_kit
    FOR EACH ROW EXECUTE FUNCTION evidence_never_changes();
ALTER TABLE prizes_kit ENABLE ALWAYS TRIGGER prizes_kit_never_changes;
CREATE TRIGGER audit_log_row AFTER INSERT OR UPDATE ON prizes_kit
    FOR EACH ROW EXECUTE FUNCTION audit_log_row('kit', 'file_name');
ALTER TABLE prizes_kit ENABLE ALWAYS TRIGGER audit_log_row;
"""
UNDO = """
DROP TRIGGER audit_log_row ON prizes_kit;
DROP TRIGGER prizes_kit_never_changes ON prizes_kit;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("games", "0009_readings_stand"),
        ("prizes", "0006_paid_when_engines_agree"),
        ("audit", "0007_log"),
    ]

    operations = [
        migrations.CreateModel(
            name="Kit",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("edition", models.SmallIntegerField(verbose_name="edition")),
                ("file_name", models.CharField(max_length=120, verbose_name="file name")),
                ("size", models.BigIntegerField(verbose_name="size")),
                ("digest", models.CharField(max_length=64, verbose_name="digest")),
                (
                    "content_digest",
                    models.CharField(max_length=64, verbose_name="digest of the content"),
                ),
                ("made_at", models.DateTimeField(verbose_name="made at")),
                (
                    "draw",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="kits",
                        to="games.draw",
                        verbose_name="draw",
                    ),
                ),
            ],
            options={
                "verbose_name": "regulator's kit",
                "verbose_name_plural": "regulator's kits",
                "constraints": [
                    models.UniqueConstraint(fields=("draw", "edition"), name="kit_once_per_edition")
                ],
            },
        ),
        migrations.RunSQL(SQL, UNDO),
    ]
