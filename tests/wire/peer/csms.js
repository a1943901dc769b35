// A strict OCPP 1.6-J back end. Prints one JSON line for each thing that happens; takes requests
// to the station as JSON lines {"method": ..., "params": ...} on standard input.
const readline = require("readline");
const fs = require("fs");
const https = require("https");
const { RPCServer, createRPCError } = require("ocpp-rpc");

const say = (line) => process.stdout.write(JSON.stringify(line) + "\n");
const now = () => new Date().toISOString();
const bootAnswers = (process.argv[2] || "Accepted").split(",");
const password = process.argv[3] && Buffer.from(process.argv[3], "hex");
const secure = process.argv[4] && fs.readFileSync(process.argv[4]); // key and certificate
const clients = process.argv[5] && fs.readFileSync(process.argv[5]); // roots of stations

const answers = {
  BootNotification: () => ({
    status: bootAnswers.length > 1 ? bootAnswers.shift() : bootAnswers[0],
    currentTime: now(),
    interval: 1,
  }),
  Heartbeat: () => ({ currentTime: now() }),
  Authorize: () => ({ idTagInfo: { status: "Accepted" } }),
  StatusNotification: () => ({}),
  MeterValues: () => ({}),
  StartTransaction: () => ({ transactionId: 4711, idTagInfo: { status: "Accepted" } }),
  StopTransaction: () => ({}),
  SecurityEventNotification: () => ({}),
  SignCertificate: () => ({ status: "Accepted" }),
};

const server = new RPCServer({ protocols: ["ocpp1.6"], strictMode: true });
server.auth((accept, reject, handshake) => {
  if (password && !(handshake.password && password.equals(handshake.password))) {
    reject(401, "wrong password");
  } else {
    accept({});
  }
});

let station = null;
server.on("client", (client) => {
  station = client;
  say({ event: "client", identity: client.identity, protocol: client.protocol });
  client.on("strictValidationFailure", (failure) =>
    say({ event: "strict", error: String(failure.error), message: failure.payload })
  );
  client.on("badMessage", (bad) => say({ event: "bad", error: String(bad.error) }));
  client.handle(({ method, params }) => {
    say({ event: "call", method, params });
    if (!answers[method]) throw createRPCError("NotImplemented");
    return answers[method](params);
  });
});

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const { method, params } = JSON.parse(line);
  station
    .call(method, params)
    .then((answer) => say({ event: "answer", method, answer }))
    .catch((error) => say({ event: "refused", method, code: error.rpcErrorCode }));
});
process.stdin.on("end", () => process.exit(0));

if (secure) {
  const http = https.createServer({
    key: secure, cert: secure, ca: clients, requestCert: !!clients, rejectUnauthorized: !!clients,
  });
  http.on("upgrade", server.handleUpgrade);
  http.listen(0, "127.0.0.1", () => say({ event: "ready", port: http.address().port }));
} else {
  server.listen(0, "127.0.0.1").then((http) => say({ event: "ready", port: http.address().port }));
}
