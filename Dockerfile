# Two stages: the first installs what constraints-image.txt pins by hash, the extras included, the second holds only Python, the environment and a user without rights.
# The Python image moves with its security fixes; everything installed from a package index is pinned.

FROM python:3.11-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
RUN python -m venv /opt/sameweights
COPY constraints-image.txt ./
RUN /opt/sameweights/bin/pip install --require-hashes --requirement constraints-image.txt
COPY pyproject.toml README.md LICENSE ./
COPY proxy ./proxy
COPY shadow ./shadow
COPY storage ./storage
RUN /opt/sameweights/bin/pip install --no-deps .

FROM python:3.11-slim-bookworm
# The newest root certificates are wanted, and Debian drops older builds of them, so a pinned version would soon not install.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /var/lib/sameweights --create-home --shell /usr/sbin/nologin sameweights
COPY --from=build /opt/sameweights /opt/sameweights
# In a container loopback is nobody's address but its own: both ports listen on all of the container's, and -p decides who reaches them.
ENV PATH=/opt/sameweights/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    SAMEWEIGHTS_PROXY__LISTEN=0.0.0.0:8080 \
    SAMEWEIGHTS_ADMIN__LISTEN=0.0.0.0:8081 \
    SAMEWEIGHTS_STORAGE__URL=sqlite:////var/lib/sameweights/sameweights.db
USER 10001
WORKDIR /var/lib/sameweights
VOLUME ["/var/lib/sameweights"]
EXPOSE 8080 8081
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8081/readyz', timeout=2)"]
ENTRYPOINT ["sameweights"]
CMD ["serve", "/etc/sameweights/sameweights.toml"]
