# The orchestrator on Ray Serve: docker build -f k8s/images/orchestrator.Dockerfile -t facegrid-orchestrator:0.1.0 .
# No TensorFlow, and of Ray what the extra `serve` asks for.
ARG PYTHON_IMAGE=python:3.11.14-slim-bookworm@sha256:65a93d69fa75478d554f4ad27c85c1e69fa184956261b4301ebaf6dbb0a3543d

FROM ${PYTHON_IMAGE} AS install
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
WORKDIR /build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 UV_NO_CACHE=1
# What installs is locked, too: its blocks of the lock file.
COPY requirements.lock pyproject.toml ./
RUN sed -n '/^\(uv\|setuptools\)==/,/[^\\]$/p' requirements.lock > tools.txt \
    && python -m pip install --require-hashes --requirement tools.txt
RUN python -m venv --without-pip /opt/facegrid \
    && python -m uv pip install --python /opt/facegrid --compile-bytecode --require-hashes \
    --constraint requirements.lock --requirement pyproject.toml --extra serve
COPY README.md LICENSE ./
COPY facegrid facegrid
COPY exporters/__init__.py exporters/errors.py exporters/signatures.py exporters/versions.py exporters/
COPY orchestrator orchestrator
# On the module path: every process of Ray, the proxies among them, imports the generated stubs.
RUN python -m pip wheel --no-index --no-deps --no-build-isolation --wheel-dir wheel . \
    && python -m uv pip install --python /opt/facegrid --compile-bytecode --no-index --no-deps wheel/*.whl

FROM ${PYTHON_IMAGE}
COPY --from=install /opt/facegrid /opt/facegrid
# bash, which KubeRay starts Ray with, is in the base image. What is written goes to /tmp, a volume.
ENV PATH=/opt/facegrid/bin:$PATH HOME=/tmp PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 MALLOC_ARENA_MAX=2
USER 65532:65532
WORKDIR /tmp
EXPOSE 9000 8000 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=2m \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:52365/api/healthz', timeout=4)"]
# KubeRay puts its own command in the place of this one.
CMD ["ray", "start", "--head", "--block", "--num-cpus=2", "--disable-usage-stats"]
