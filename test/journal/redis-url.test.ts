// URLs of a Redis, and what they say. That wrong ones are refused with a typed error is shown where
// connections are made.

import { describe, expect, test } from "vitest";
import { parseRedisUrl } from "../../src/journal/redis-url.ts";

describe("parseRedisUrl", () => {
  test("one server, with what it asks for", () => {
    expect(parseRedisUrl("rediss://me:p%40ss@redis.example.com:7000/3")).toEqual({
      kind: "server",
      host: "redis.example.com",
      port: 7000,
      username: "me",
      password: "p@ss",
      db: 3,
      tls: true,
    });
    expect(parseRedisUrl("redis://[::1]")).toEqual({
      kind: "server",
      host: "::1",
      port: 6379,
      db: 0,
      tls: false,
    });
  });

  test("a unix socket", () => {
    expect(parseRedisUrl("unix:/run/redis%20a.sock")).toEqual({
      kind: "socket",
      path: "/run/redis a.sock",
    });
  });

  test("Sentinels, the name of the master, and who may ask what", () => {
    expect(
      parseRedisUrl(
        "redis-sentinel://me:a%3Ab@s1,s2:5000,[fe80::1]:6/my%20master/2?sentinelPassword=c%26d+e",
      ),
    ).toEqual({
      kind: "sentinel",
      sentinels: [
        { host: "s1", port: 26379 },
        { host: "s2", port: 5000 },
        { host: "fe80::1", port: 6 },
      ],
      master: "my master",
      username: "me",
      password: "a:b",
      toSentinels: { password: "c&d+e" },
      db: 2,
      tls: false,
    });
  });

  test("nodes of a Cluster", () => {
    expect(parseRedisUrl("rediss-cluster://:secret@n1:7000,n2")).toEqual({
      kind: "cluster",
      seeds: [
        { host: "n1", port: 7000 },
        { host: "n2", port: 6379 },
      ],
      password: "secret",
      db: 0,
      tls: true,
    });
  });
});
