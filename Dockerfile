# Two stages on Debian 12: build with everything, run with the libraries only. ./dev test tests.
FROM debian:bookworm-slim AS build
RUN apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
      g++ cmake ninja-build mold pkg-config ca-certificates libboost1.81-dev libssl-dev \
      libsimdjson-dev prometheus-cpp-dev libspdlog-dev libfmt-dev libyaml-cpp-dev libsqlite3-dev \
      libcli11-dev zlib1g-dev libbrotli-dev libzstd-dev libexpected-dev tzdata \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY CMakeLists.txt CMakePresets.json ./
COPY src src
COPY config config
RUN cmake --preset release -DTOKENWEIR_TESTS=OFF -DTOKENWEIR_BENCH=OFF \
    && cmake --build --preset release --target tokenweir && strip build/tokenweir

FROM debian:bookworm-slim
RUN apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
      ca-certificates libssl3 libsimdjson14 libprometheus-cpp-core1.0 libspdlog1.10 libfmt9 \
      libyaml-cpp0.7 libsqlite3-0 zlib1g libbrotli1 libzstd1 tzdata \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 999 --home-dir /var/lib/tokenweir --create-home tokenweir
COPY --from=build /source/build/tokenweir /usr/local/bin/tokenweir
COPY --from=build /source/config /etc/tokenweir
USER 999
VOLUME /var/lib/tokenweir
EXPOSE 8443 8080 9090
ENTRYPOINT ["/usr/local/bin/tokenweir"]
CMD ["serve", "-c", "/etc/tokenweir/tokenweir.yaml"]
