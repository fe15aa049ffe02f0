# glibc, because the WebSocket server is a binary that needs it (2.27 or newer).
FROM node:22-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json ./
COPY actors actors
COPY load load
COPY src src
RUN npm run build && npm prune --omit=dev --no-audit --no-fund

FROM node:22-bookworm-slim
# The embedded default runs a Redis of its own; no service of it is started in a container.
RUN apt-get update \
  && apt-get install -y --no-install-recommends redis-server \
  && rm -rf /var/lib/apt/lists/* \
  && install -d -o node -g node -m 0700 /data
WORKDIR /app
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8080 LOANLOOM_DATA=/data
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
USER node
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
# Alive, not ready: a server that waits for Redis must not be restarted for it. Whatever it answers, it is
# alive: with LOANLOOM_EXPOSE_HEALTH=no that is 404.
HEALTHCHECK --interval=10s --timeout=3s --start-period=120s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/healthz`).then(() => process.exit(0), () => process.exit(1))"]
ENTRYPOINT ["node", "dist/src/cli/loanloom.js"]
CMD ["serve"]
