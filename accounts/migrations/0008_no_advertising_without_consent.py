"""Nobody is advertised to who did not ask for it, or who may not play now (F053).

A kind of message that advertises is called `marketing.…`. Such a message needs a choice of its
reader that says so, and each way out of the house a choice for that way.
"""

from django.db import migrations

SQL = """
CREATE FUNCTION accounts_advertised_by_consent() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.kind LIKE 'marketing.%' AND (
           NOT EXISTS (SELECT FROM accounts_channelchoice c
                        WHERE c.user_id = NEW.user_id AND c.kind = NEW.kind AND c.is_wanted)
           OR NOT EXISTS (SELECT FROM accounts_player p WHERE p.user_id = NEW.user_id AND p.state = 'ACTIVE')) THEN
        RAISE EXCEPTION 'nobody is advertised to who did not ask for it'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'message_advertises_by_consent';
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION accounts_advertised_by_consent() FROM PUBLIC;
CREATE TRIGGER accounts_advertised_by_consent BEFORE INSERT ON accounts_message
    FOR EACH ROW EXECUTE FUNCTION accounts_advertised_by_consent();
ALTER TABLE accounts_message ENABLE ALWAYS TRIGGER accounts_advertised_by_consent;

CREATE FUNCTION accounts_delivered_by_consent() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.channel <> 'INBOX' AND NEW.state IN ('WAITING', 'DELIVERED') AND EXISTS (
           SELECT FROM accounts_message m WHERE m.id = NEW.message_id AND m.kind LIKE 'marketing.%'
              AND NOT EXISTS (SELECT FROM accounts_channelchoice c WHERE c.user_id = m.user_id
                                 AND c.kind = m.kind AND c.channel = NEW.channel AND c.is_wanted)) THEN
        RAISE EXCEPTION 'nobody is advertised to by a way that he did not ask for'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'delivery_advertises_by_consent';
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION accounts_delivered_by_consent() FROM PUBLIC;
CREATE TRIGGER accounts_delivered_by_consent BEFORE INSERT ON accounts_delivery
    FOR EACH ROW EXECUTE FUNCTION accounts_delivered_by_consent();
ALTER TABLE accounts_delivery ENABLE ALWAYS TRIGGER accounts_delivered_by_consent;
"""
UNDO = """
DROP FUNCTION accounts_delivered_by_consent() CASCADE;
DROP FUNCTION accounts_advertised_by_consent() CASCADE;
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0007_funds_disclosure")]
    operations = [migrations.RunSQL(SQL, UNDO)]
