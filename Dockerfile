# syntax=docker/dockerfile:1
# One image for every process of Sortie; the command says which. README.md lists them, compose.yaml runs them all.

FROM python:3.11.15-slim-bookworm@sha256:d29f48a31a8b408ed19272ca1e7b10ebae13b240a27e862d3d4217c528e2e0c3 AS base
# What may be written is /data, and /tmp: the rest may be mounted read-only.
ENV PATH=/opt/sortie/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp \
    DJANGO_SETTINGS_MODULE=sortie.settings \
    SORTIE_DATA=/data \
    SORTIE_RECORDING_STORAGE_PATH=/data/recordings \
    SORTIE_STATIC_PATH=/opt/sortie/static \
    SORTIE_HOST=0.0.0.0 \
    SORTIE_LOG_FORMAT=json


FROM base AS build
WORKDIR /opt/sortie
COPY requirements.txt ./
RUN python -m venv venv \
    && venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes --only-binary :all: \
        -r requirements.txt \
    && venv/bin/pip uninstall --yes --quiet pip setuptools \
    && python -m compileall -q venv/lib
COPY manage.py app/
COPY sortie app/sortie
COPY recordings app/recordings
COPY templates app/templates
COPY static app/static
RUN python -m compileall -q app \
    && cd app \
    && SORTIE_DATA=/tmp/build SECRET_KEY=only-to-collect-static-files-000000000 REDIS_URL=redis://nowhere \
        python manage.py collectstatic --noinput --verbosity 0


FROM base
LABEL org.opencontainers.image.title="Sortie" \
    org.opencontainers.image.description="Self-hosted session-recording portal" \
    org.opencontainers.image.licenses="Apache-2.0"
RUN install --directory --owner=10001 --group=10001 --mode=0700 /data
COPY --from=build /opt/sortie /opt/sortie
COPY LICENSE /opt/sortie/
WORKDIR /opt/sortie/app
USER 10001:10001
VOLUME /data
EXPOSE 8000 8001 8002
STOPSIGNAL SIGTERM
CMD ["python", "-m", "sortie.web"]
