# Needs BuildKit (Docker's own since version 23) or buildah. See docs/docker.md.
#
#   BASE_IMAGE     a Debian with Python 3.11 or newer and its venv module
#   TORCH_VERSION  another version of torch than constraints.txt pins
#   TORCH_INDEX    another index for torch: that of its CPU build, say, which is several gigabytes smaller
#
# The secret `pip` is a pip.conf, for a house with an index of its own; no layer holds it.
ARG BASE_IMAGE=python:3.12-slim


# The dependencies alone: a change of the source repeats nothing of this and pushes none of it again.
FROM ${BASE_IMAGE} AS packages
ARG TORCH_VERSION=""
ARG TORCH_INDEX=""
WORKDIR /build
COPY pyproject.toml constraints.txt ./
RUN python3 -m venv /opt/dynascope
RUN --mount=type=secret,id=pip,target=/etc/pip.conf --mount=type=cache,target=/root/.cache/pip \
    if [ -n "${TORCH_VERSION}" ]; then sed -i "s/^torch==.*/torch==${TORCH_VERSION}/" constraints.txt; fi \
    && if [ -n "${TORCH_INDEX}" ]; \
       then /opt/dynascope/bin/pip install --quiet --index-url "${TORCH_INDEX}" "$(grep '^torch==' constraints.txt)"; \
       else /opt/dynascope/bin/pip install --quiet --constraint constraints.txt torch; \
       fi
RUN --mount=type=secret,id=pip,target=/etc/pip.conf --mount=type=cache,target=/root/.cache/pip \
    python3 -c 'import tomllib; p = tomllib.load(open("pyproject.toml", "rb"))["project"]; \
print(*p["dependencies"], *p["optional-dependencies"]["server"], sep="\n")' >requirements.txt \
    && /opt/dynascope/bin/pip install --quiet --constraint constraints.txt --requirement requirements.txt


FROM ${BASE_IMAGE} AS wheel
WORKDIR /build
COPY . .
RUN --mount=type=secret,id=pip,target=/etc/pip.conf --mount=type=cache,target=/root/.cache/pip \
    python3 -m venv /opt/builder && /opt/builder/bin/pip wheel --quiet --no-deps --wheel-dir /dist .


FROM ${BASE_IMAGE}
LABEL org.opencontainers.image.title="Dynascope" org.opencontainers.image.licenses="Apache-2.0"
# A fixed number, so that a volume's owner stays right from image to image.
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /data --shell /usr/sbin/nologin dynascope \
    && install --directory --owner=dynascope --group=dynascope --mode=700 /data
COPY --from=packages /opt/dynascope /opt/dynascope
RUN --mount=type=bind,from=wheel,source=/dist,target=/dist \
    /opt/dynascope/bin/pip install --quiet --no-deps --no-index --no-cache-dir /dist/*.whl
# Everything that is written lies in /data: the root may be read-only. Python's compiled files are in the image already.
ENV PATH=/opt/dynascope/bin:$PATH \
    HOME=/data \
    XDG_CACHE_HOME=/data/cache \
    NUMBA_CACHE_DIR=/data/cache/numba \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    DYNASCOPE_HOST=0.0.0.0 \
    DYNASCOPE_PORT=8000 \
    DYNASCOPE_DATA=/data
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["python", "-c", \
    "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ['DYNASCOPE_PORT'] + '/api/healthz', timeout=4)"]
ENTRYPOINT ["dynascope", "serve"]
