# One image for web, worker, beat, dispatcher, sequencer, witness and migrate; docker-compose.yml says which is which.
FROM python:3.13-slim AS packages
COPY requirements/base.txt /requirements.txt
RUN python -m venv /opt/venv \
 && /opt/venv/bin/pip install --no-cache-dir --no-deps --require-hashes -r /requirements.txt

FROM python:3.13-slim
RUN groupadd --system --gid 10001 portal \
 && useradd --system --uid 10001 --gid portal --home-dir /nonexistent --shell /usr/sbin/nologin portal \
 && install -d -o portal -g portal -m 0750 /srv/portal \
 && install -d -o portal -g portal -m 0755 /srv/portal/static \
 && groupadd --system --gid 10002 witness \
 && useradd --system --uid 10002 --gid witness --home-dir /nonexistent --shell /usr/sbin/nologin witness \
 && install -d -o witness -g witness -m 0700 /srv/witness
COPY --from=packages /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONUTF8=1
WORKDIR /app
COPY . .
RUN python docker/with_throwaway_secrets.py manage.py compile_catalogues \
 && python -m compileall -q .
USER portal
EXPOSE 8000
CMD ["gunicorn", "lottery_portal.wsgi", "--bind", "0.0.0.0:8000"]
