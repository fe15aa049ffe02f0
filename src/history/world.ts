// Everything that the auditor knows while it reads: actors, books, messages, requests. Plain Maps,
// never trimmed: an audit takes the memory that it takes.

import type { Address } from "../../actors/address.ts";
import type { AccountModel } from "./account-model.ts";
import type { ApplicationModel } from "./application-model.ts";
import { Books, type ServerLedger } from "./books.ts";
import type { LoanModel } from "./loan-model.ts";
import { MessageBook } from "./message-book.ts";
import { NeverFalls } from "./never-falls.ts";
import { Findings } from "./report.ts";
import { RequestBook } from "./request-book.ts";

export class World {
  readonly findings = new Findings();
  readonly accounts = new Map<string, AccountModel>();
  readonly loans = new Map<string, LoanModel>();
  readonly applications = new Map<string, ApplicationModel>();
  /** By shard. */
  readonly books = new Map<number, Books>();
  readonly messages = new MessageBook();
  readonly requests = new RequestBook();
  readonly shardOf: (address: Address) => number;
  readonly ledger: ServerLedger;
  /** The business date of each shard. */
  readonly days = new Map<number, number>();
  readonly #neverFalls = new Map<number, NeverFalls>();
  records = 0;
  events = 0;

  constructor(shardOf: (address: Address) => number, ledger: ServerLedger) {
    this.shardOf = shardOf;
    this.ledger = ledger;
  }

  neverFallsOf(shard: number): NeverFalls {
    let seen = this.#neverFalls.get(shard);
    if (seen === undefined) {
      seen = new NeverFalls();
      this.#neverFalls.set(shard, seen);
    }
    return seen;
  }

  booksOf(shard: number): Books {
    let books = this.books.get(shard);
    if (books === undefined) {
      books = new Books();
      this.books.set(shard, books);
    }
    return books;
  }
}
