# Builds from the sources alone; the result holds one static binary and nothing else, and runs as nobody.
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=docker
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /leadmux-server ./cmd/server \
 && install -d -m 0700 -o 65532 -g 65532 /data

FROM scratch
COPY --from=build /leadmux-server /leadmux-server
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build --chown=65532:65532 /data /var/lib/leadmux
USER 65532:65532
VOLUME /var/lib/leadmux
EXPOSE 8080 8081
HEALTHCHECK --interval=10s --timeout=3s CMD ["/leadmux-server", "healthcheck"]
ENTRYPOINT ["/leadmux-server"]
CMD ["--config", "/etc/leadmux/leadmux.yaml"]
