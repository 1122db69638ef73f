# The balancer in front of the API: Debian's haproxy with serving/haproxy.cfg, without root.
#   docker build -f serving/balancer.Dockerfile -t patrons-balancer .
FROM docker.io/library/debian:bookworm-slim
RUN apt-get update && apt-get install --yes --no-install-recommends haproxy socat && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10002 --no-create-home --shell /usr/sbin/nologin balancer \
    && install -d -m 700 -o 10002 /run/patrons
COPY serving/haproxy.cfg serving/balancer.sh /srv/
USER 10002
EXPOSE 8080 8405
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 CMD ["/srv/balancer.sh", "show"]
# of which it finishes what it has
STOPSIGNAL SIGUSR1
CMD ["haproxy", "-W", "-f", "/srv/haproxy.cfg"]
