// A minimal app on an unmodified atlassian-connect-express: it keeps what it is told in files of
// the folder STATE, and answers hooks by the status in the file STATE/answer, if there is one.

const fs = require("fs");
const http = require("http");
const path = require("path");
const express = require("express");
const ace = require("atlassian-connect-express");

const STATE = process.env.STATE;

class FileStore {
  constructor() {
    this.file = path.join(STATE, "store.json");
  }
  async all() {
    return fs.existsSync(this.file) ? JSON.parse(fs.readFileSync(this.file)) : {};
  }
  async get(key, clientKey) {
    return (await this.all())[`${clientKey}:${key}`] ?? null;
  }
  async set(key, value, clientKey) {
    this.write({ ...(await this.all()), [`${clientKey}:${key}`]: value });
    return value;
  }
  async del(key, clientKey) {
    const kept = await this.all();
    delete kept[`${clientKey}:${key}`];
    this.write(kept);
  }
  // Who reads meanwhile reads what was there before, never half of it.
  write(kept) {
    fs.writeFileSync(`${this.file}.new`, JSON.stringify(kept));
    fs.renameSync(`${this.file}.new`, this.file);
  }
  isMemoryStore() {
    return false;
  }
  async getAllClientInfos() {
    return Object.values(await this.all());
  }
  saveInstallation(settings, clientKey) {
    return this.set("clientInfo", settings, clientKey);
  }
}

ace.store.register("file", () => new FileStore());

const app = express();
app.use(express.json());
const addon = ace(app);
app.use((req, res, next) => {
  const answer = path.join(STATE, "answer");
  if (req.method === "POST" && fs.existsSync(answer)) {
    res.status(Number(fs.readFileSync(answer))).end();
  } else {
    next();
  }
});
app.use(addon.middleware());

const hooks = path.join(STATE, "hooks.jsonl");
const keep = (body) => fs.appendFileSync(hooks, `${JSON.stringify(body)}\n`);
addon.on("host_settings_saved", (clientKey, data) => keep(data));
addon.on("addon_registered", () => fs.writeFileSync(path.join(STATE, "registered"), ""));
for (const hook of ["enabled", "disabled"]) {
  app.post(`/${hook}`, addon.authenticate(), (req, res) => {
    keep(req.body);
    res.sendStatus(204);
  });
}
app.post("/uninstalled", addon.authenticateInstall(), (req, res) => {
  keep(req.body);
  res.sendStatus(204);
});
app.get("/admin", addon.authenticate(), (req, res) => {
  const { clientKey, hostBaseUrl, userAccountId } = req.context;
  res.json({ clientKey, hostBaseUrl, userAccountId, lic: req.query.lic });
});
app.get("/asked", (req, res) => {
  const client = addon.httpClient({ clientKey: req.query.clientKey, addonKey: addon.key });
  const url = `/rest/atlassian-connect/1/addons/${addon.key}?with=a b`;
  client.get(url, (error, answer, body) => {
    res.status(error ? 500 : answer.statusCode).send(error ? String(error) : body);
  });
});

http.createServer(app).listen(process.env.PORT, "127.0.0.1", () => {
  console.log("up");
  if (addon.config.hosts().length > 0) {
    addon.register();
  }
});
