// What a REDIS_URL says: one server, a master that Sentinels know, or a Cluster. Pure: text in, a
// target out; whoever connects knows what to do with it.

import { JournalError } from "./errors.ts";

export interface HostAndPort {
  readonly host: string;
  readonly port: number;
}

export interface Credentials {
  readonly username?: string;
  readonly password?: string;
}

interface Common extends Credentials {
  readonly db: number;
  readonly tls: boolean;
}

export type RedisTarget =
  | { readonly kind: "socket"; readonly path: string }
  | ({ readonly kind: "server" } & HostAndPort & Common)
  | ({
      readonly kind: "sentinel";
      readonly sentinels: readonly HostAndPort[];
      /** What the Sentinels call the master. */
      readonly master: string;
      /** What the Sentinels themselves ask for. */
      readonly toSentinels: Credentials;
    } & Common)
  | ({ readonly kind: "cluster"; readonly seeds: readonly HostAndPort[] } & Common);

const REDIS_PORT = 6379;
const SENTINEL_PORT = 26379;

/**
 * `scheme://[user:password@]host:port,host:port[/path][?query]`, which URL itself does not take.
 */
const MANY_HOSTS =
  /^(redis|rediss)-(sentinel|cluster):\/\/(?:([^@/?]*)@)?([^/?@]+)(?:\/([^?]*))?(?:\?(.*))?$/;

/**
 * A path of a unix socket, `unix:<path>`, `redis://` or `rediss://` with user, password and number
 * of the database; `redis-sentinel://host:port,.../<name of the master>[/<database>]`, with
 * `?sentinelUser=` and `?sentinelPassword=` where the Sentinels ask for one; or
 * `redis-cluster://host:port,...`. Throws JournalError `unsupported_url` for anything else.
 */
export function parseRedisUrl(url: string): RedisTarget {
  if (url.startsWith("/")) return { kind: "socket", path: url };
  if (url.startsWith("unix:")) {
    const path = url.slice("unix:".length).replace(/^\/\/(?=\/)/, "");
    if (!path.startsWith("/")) throw unsupported("the path of a unix socket must be absolute");
    return { kind: "socket", path: decoded(path) };
  }
  const many = MANY_HOSTS.exec(url);
  return many === null ? parseServer(url) : parseMany(many);
}

const WRITTEN =
  "hosts are written as host:port,host:port, and @ : / , in a password as %40 %3A %2F %2C";
const SEVERAL_HOSTS = "several hosts are written as redis-sentinel:// or redis-cluster://";

function parseServer(url: string): RedisTarget {
  if (!URL.canParse(url)) {
    throw unsupported(
      /^rediss?:\/\/.*,/.test(url)
        ? SEVERAL_HOSTS
        : /^rediss?-(sentinel|cluster):/.test(url)
          ? WRITTEN
          : "it is no URL and no absolute path of a unix socket",
    );
  }
  const { protocol, hostname, port, username, password, pathname } = new URL(url);
  if (hostname.includes(",")) throw unsupported(SEVERAL_HOSTS);
  if (protocol !== "redis:" && protocol !== "rediss:") {
    throw unsupported(
      /^rediss?-(sentinel|cluster):/.test(protocol)
        ? WRITTEN
        : `${protocol}// is none of redis://, rediss://, redis-sentinel://, redis-cluster:// and unix:`,
    );
  }
  return {
    kind: "server",
    host: hostname.replace(/^\[(.*)\]$/, "$1") || "127.0.0.1",
    port: port === "" ? REDIS_PORT : Number(port),
    db: databaseOf(pathname.slice(1)),
    tls: protocol === "rediss:",
    ...credentialsOf(username, password),
  };
}

function parseMany([
  ,
  scheme,
  kind,
  userinfo = "",
  hosts,
  path = "",
  query = "",
]: string[]): RedisTarget {
  const colon = userinfo.indexOf(":");
  const username = colon === -1 ? userinfo : userinfo.slice(0, colon);
  const password = colon === -1 ? "" : userinfo.slice(colon + 1);
  const tls = scheme === "rediss";
  const common = { tls, ...credentialsOf(username, password) };
  if (kind === "cluster") {
    if (path !== "" || query !== "") throw unsupported("a Cluster has one database and no options");
    return { kind, seeds: hostsOf(hosts!, REDIS_PORT), db: 0, ...common };
  }
  const [master = "", db = "", ...more] = path.split("/");
  if (master === "" || more.length > 0) {
    throw unsupported("behind the Sentinels stands the name of the master: /<name>[/<database>]");
  }
  return {
    kind: "sentinel",
    sentinels: hostsOf(hosts!, SENTINEL_PORT),
    master: decoded(master),
    db: databaseOf(db),
    toSentinels: sentinelCredentialsOf(query),
    ...common,
  };
}

function hostsOf(list: string, portElse: number): HostAndPort[] {
  return list.split(",").map((entry) => {
    const parts = /^(\[[0-9a-f:.]+\]|[^:[\]\s]+)(?::(\d{1,5}))?$/i.exec(entry);
    if (parts === null) throw unsupported("hosts are written as host:port,host:port");
    const port = parts[2] === undefined ? portElse : Number(parts[2]);
    if (port < 1 || port > 65_535) throw unsupported("a port is 1 to 65535");
    return { host: parts[1]!.replace(/^\[(.*)\]$/, "$1"), port };
  });
}

function sentinelCredentialsOf(query: string): Credentials {
  // A plus sign is one: passwords are often in base64.
  const given = new URLSearchParams(query.replaceAll("+", "%2B"));
  for (const name of given.keys()) {
    if (name === "sentinelUser" || name === "sentinelPassword") continue;
    throw unsupported("behind ? stand only sentinelUser and sentinelPassword");
  }
  const username = given.get("sentinelUser");
  const password = given.get("sentinelPassword");
  return { ...(username ? { username } : {}), ...(password ? { password } : {}) };
}

function credentialsOf(username: string, password: string): Credentials {
  return {
    ...(username === "" ? {} : { username: decoded(username) }),
    ...(password === "" ? {} : { password: decoded(password) }),
  };
}

function databaseOf(text: string): number {
  if (!/^\d{0,4}$/.test(text)) throw unsupported("the path ends with the number of the database");
  return Number(text);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw unsupported("a % stands before two hexadecimal digits");
  }
}

/** The URL itself stays out: it may carry a password. */
function unsupported(why: string): JournalError {
  return new JournalError("unsupported_url", `the URL of Redis cannot be used: ${why}`);
}
