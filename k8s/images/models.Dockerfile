# The exported networks with their checksums: docker build -f k8s/images/models.Dockerfile -t facegrid-models:0.1.0 .
# TensorFlow is in the first stage only.
ARG PYTHON_IMAGE=python:3.11.14-slim-bookworm@sha256:65a93d69fa75478d554f4ad27c85c1e69fa184956261b4301ebaf6dbb0a3543d
ARG BUSYBOX_IMAGE=busybox:1.37.0@sha256:9db7b59979c38555a39def84a31fb98b5296952f9e3afd4f6f11f05b07adfab0

FROM ${PYTHON_IMAGE} AS export
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
WORKDIR /build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 UV_NO_CACHE=1 TF_CPP_MIN_LOG_LEVEL=2
# What installs is locked, too: its blocks of the lock file.
COPY requirements.lock pyproject.toml ./
RUN sed -n '/^\(uv\|setuptools\)==/,/[^\\]$/p' requirements.lock > tools.txt \
    && python -m pip install --require-hashes --requirement tools.txt
RUN python -m uv pip install --system --require-hashes --constraint requirements.lock \
    --requirement pyproject.toml --extra export --extra model-server
COPY README.md LICENSE ./
COPY facegrid facegrid
COPY exporters exporters
COPY model_server model_server
RUN python -m pip install --no-index --no-deps --no-build-isolation . \
    && facegrid export --models-dir /srv/models
WORKDIR /srv/models
RUN find . -type f -print0 | sort -z | xargs -0 sha256sum > /tmp/SHA256SUMS \
    && mv /tmp/SHA256SUMS . && chmod -R a+rX .

FROM ${BUSYBOX_IMAGE}
COPY --from=export /srv/models /srv/models
COPY --chmod=0555 k8s/images/copy-models.sh /usr/local/bin/copy-models
USER 65532:65532
# Its process only copies; this says whether what it would copy is whole.
HEALTHCHECK --interval=1m --timeout=30s CMD ["sh", "-c", "cd /srv/models && sha256sum -c SHA256SUMS"]
ENTRYPOINT ["copy-models"]
CMD ["/models"]
