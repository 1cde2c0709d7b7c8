# One image for every role: ROLES says which parts of the program a container runs.
FROM node:26.10.0-slim AS packages
WORKDIR /chancery
COPY package.json package-lock.json .npmrc ./
# The image brings Node itself; what is optional is Node once more, from npm.
RUN npm ci --omit=dev --omit=optional

FROM node:26.10.0-slim
WORKDIR /chancery
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8080 DATA_DIR=/data
RUN mkdir /data && chown node:node /data && chmod 700 /data
COPY --from=packages /chancery/node_modules node_modules
COPY package.json ./
COPY domain domain
COPY application application
COPY projections projections
COPY infrastructure infrastructure
COPY api api
USER node
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=5s --timeout=3s --start-period=60s --retries=6 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.PORT || 8080) + '/healthz').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# As `npm start` does it, without npm between the signals and the program.
CMD ["node", "--disable-warning=ExperimentalWarning", "--disable-warning=TimeoutNegativeWarning", "--max-semi-space-size=32", "--import", "./api/compile-cache.js", "api/main.ts"]
