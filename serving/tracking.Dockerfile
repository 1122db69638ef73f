# The tracking server of compose.yaml: the MLflow that the series is locked to, with passwords; no compiler, no root.
#   docker build -f serving/tracking.Dockerfile -t patrons-tracking .
FROM docker.io/library/python:3.11-slim-bookworm AS build
ARG PIP_INDEX_URL
WORKDIR /build
RUN python3 -m venv /opt/mlflow
COPY serving/tracking.lock ./
RUN /opt/mlflow/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes --no-deps -r tracking.lock \
    && rm -rf /opt/mlflow/lib/python3*/site-packages/pip /opt/mlflow/lib/python3*/site-packages/setuptools

FROM docker.io/library/python:3.11-slim-bookworm
COPY --from=build /opt/mlflow /opt/mlflow
COPY serving/tracking.ini /opt/mlflow/tracking.ini
RUN useradd --uid 10001 --create-home --shell /usr/sbin/nologin mlflow && install -d -o mlflow /data
USER 10001
# runs, artifacts and passwords (basic_auth.db) are kept here; `.venv/bin/patrons backup` copies them
WORKDIR /data
ENV PATH=/opt/mlflow/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 MLFLOW_DISABLE_TELEMETRY=true \
    MLFLOW_AUTH_CONFIG_PATH=/opt/mlflow/tracking.ini
EXPOSE 5000
HEALTHCHECK --interval=10s --timeout=3s --start-period=120s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:5000/health', timeout=2)"]
# artifacts go through the server alone: experiments get mlflow-artifacts:/, so no client needs the volume
CMD ["mlflow", "server", "--host", "0.0.0.0", "--port", "5000", "--workers", "2", "--app-name", "basic-auth", \
    "--backend-store-uri", "sqlite:///mlflow.db", "--serve-artifacts", "--artifacts-destination", "/data/artifacts"]
