#!/bin/sh
# Runs once, when the database cluster is made: the two roles, the database, and who may what in it.
# Migrations only grant; that the roles exist is decided here.
set -eu

psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
  --set owner="$DATABASE_OWNER_ROLE" --set owner_password="$OWNER_PASSWORD" \
  --set app="$DATABASE_APP_ROLE" --set app_password="$APP_PASSWORD" <<'SQL'
CREATE ROLE :"owner" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD :'owner_password';
CREATE ROLE :"app" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD :'app_password';
CREATE DATABASE lottery OWNER :"owner" TEMPLATE template0 ENCODING 'UTF8';
REVOKE ALL ON DATABASE lottery FROM PUBLIC;
GRANT CONNECT ON DATABASE lottery TO :"app";
\connect lottery
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO :"app";
SQL
