# The whole service with its networks: docker build -f deploy/compose/service.Dockerfile -t facegrid:0.1.0 .
ARG PYTHON_IMAGE=python:3.11.14-slim-bookworm@sha256:65a93d69fa75478d554f4ad27c85c1e69fa184956261b4301ebaf6dbb0a3543d

FROM ${PYTHON_IMAGE} AS install
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
WORKDIR /build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 UV_NO_CACHE=1 TF_CPP_MIN_LOG_LEVEL=2
# What installs is locked, too: its blocks of the lock file.
COPY requirements.lock pyproject.toml ./
RUN sed -n '/^\(uv\|setuptools\)==/,/[^\\]$/p' requirements.lock > tools.txt \
    && python -m pip install --require-hashes --requirement tools.txt
RUN python -m venv --without-pip /opt/facegrid \
    && python -m uv pip install --python /opt/facegrid --compile-bytecode --require-hashes \
    --constraint requirements.lock --requirement pyproject.toml --extra all
COPY README.md LICENSE ./
COPY protos protos
COPY facegrid facegrid
COPY exporters exporters
COPY model_server model_server
COPY orchestrator orchestrator
COPY serving_configs serving_configs
RUN python -m pip wheel --no-index --no-deps --no-build-isolation --wheel-dir wheel . \
    && python -m uv pip install --python /opt/facegrid --compile-bytecode --no-index --no-deps wheel/*.whl \
    && /opt/facegrid/bin/facegrid export --models-dir /srv/models \
    && chmod -R a+rX /srv/models && mkdir /srv/state

FROM ${PYTHON_IMAGE}
COPY --from=install /opt/facegrid /opt/facegrid
COPY --from=install /srv/models /srv/models
ENV PATH=/opt/facegrid/bin:$PATH HOME=/tmp FACEGRID_STATE_DIR=/var/lib/facegrid \
    PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
COPY --from=install --chown=65532:65532 --chmod=0700 /srv/state /var/lib/facegrid
USER 65532:65532
WORKDIR /tmp
VOLUME /var/lib/facegrid
EXPOSE 9000
HEALTHCHECK --interval=30s --timeout=20s --start-period=3m CMD ["facegrid", "status"]
ENTRYPOINT ["facegrid"]
CMD ["up", "--foreground", "--host", "0.0.0.0", "--models-dir", "/srv/models"]
