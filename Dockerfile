# syntax=docker/dockerfile:1

# The binary is static: pure Go, no C library, time zones and pages embedded.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
# .git is copied too, so that "truynguon version" can name the commit.
RUN git config --global --add safe.directory /src \
    && CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o /out/truynguon ./cmd/truynguon \
    && mkdir -p /out/data

# Nothing but the binary, certificate authorities and a user that is not root.
FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /out/truynguon /usr/local/bin/truynguon
# The folder has to exist with its owner before it becomes a volume.
COPY --from=build --chown=nonroot:nonroot /out/data /data
VOLUME /data
# TRUYNGUON_BASE_URL has no default here: codes are printed with it, so it has to be chosen.
ENV TRUYNGUON_ADDR=:8080 \
    TRUYNGUON_DB=sqlite:/data/truynguon.db \
    TRUYNGUON_BLOBS=file:/data/blobs \
    TRUYNGUON_LOG=json
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=6s --start-period=20s CMD ["/usr/local/bin/truynguon", "health"]
ENTRYPOINT ["/usr/local/bin/truynguon"]
CMD ["serve"]
