// The job of a bid and of a repayment in PostgreSQL, as functions in the database: one round trip a
// transaction. Money is bigint cents; checks on the tables refuse what no statement may do.
//
// A bid is known by its request id, the primary key of bids (UUIDv7, so new keys go to the index's
// right end). Refusals change nothing and are not remembered. Loans are locked before accounts,
// each in the order of their ids: two transactions never wait for one another.

/** Notes of a loan are its smallest parts; a lender holds whole ones. */
export const NOTE_CENTS = 100_000;

export const POSTGRES_TABLES = `
create table account (
  id int primary key,
  available bigint not null check (available >= 0),
  held bigint not null check (held >= 0)
) with (fillfactor = 40);
create table loan (
  id int primary key,
  principal bigint not null,
  raised bigint not null default 0 check (raised <= principal),
  bids bigint not null default 0,
  borrower int,
  notes bigint not null,
  repaid bigint not null default 0 check (repaid <= principal),
  repayments bigint not null default 0
) with (fillfactor = 10);
create table bid (
  request_id uuid primary key,
  account_id int not null,
  loan_id int not null,
  amount bigint not null,
  rank bigint not null
);
create table holding (
  loan_id int, place int, account_id int not null,
  notes_before bigint not null, notes_after bigint not null,
  primary key (loan_id, place)
);
create table repayment (
  request_id uuid primary key,
  loan_id int not null,
  ordinal bigint not null,
  amount bigint not null
);
create table entry (account_id int not null, loan_id int not null, ordinal bigint not null, amount bigint not null);
alter table account set (autovacuum_vacuum_scale_factor = 0.2);
`;

/** One bid under row locks. Codes are those of the protocol's errors. */
const PLACE_BID = `
create function place_bid(p_request uuid, p_account int, p_loan int, p_amount bigint,
                          out outcome int, out rank bigint, out remaining bigint)
language plpgsql as $$
declare l loan; known bid;
begin
  select * into l from loan where id = p_loan for update;
  if not found then outcome := 402; return; end if;
  select * into known from bid where request_id = p_request;
  if found then
    outcome := case when (known.account_id, known.loan_id, known.amount) =
                         (p_account, p_loan, p_amount) then 0 else 200 end;
    rank := known.rank; remaining := l.principal - l.raised; return;
  end if;
  if p_amount > l.principal - l.raised then outcome := 414; return; end if;
  update account set available = available - p_amount, held = held + p_amount
   where id = p_account and available >= p_amount;
  if not found then outcome := 303; return; end if;
  update loan set raised = raised + p_amount, bids = bids + 1 where id = p_loan;
  insert into bid values (p_request, p_account, p_loan, p_amount, l.bids + 1);
  outcome := 0; rank := l.bids + 1; remaining := l.principal - l.raised - p_amount;
end $$;
`;

/**
 * Many bids on one loan in one transaction. Nearly always all of them fit: then three set-based
 * statements do it, and the tables' checks and keys say whether they did. If one does not, all are
 * undone and each is decided alone, in their order. `outcomes` is null when all were done.
 */
const PLACE_BIDS = `
create function place_bids(p_loan int, p_request uuid[], p_account int[], p_amount bigint[],
                           out outcomes int[], out ranks bigint[], out remaining bigint)
language plpgsql as $$
declare l loan; one record;
begin
  select * into l from loan where id = p_loan for update;
  if found then
    begin
      insert into bid select r, a, p_loan, m, l.bids + o
        from unnest(p_request, p_account, p_amount) with ordinality t(r, a, m, o);
      update account set available = available - s.m, held = held + s.m
        from (select a, sum(m)::bigint m from unnest(p_account, p_amount) t(a, m) group by a) s
       where id = s.a;
      update loan set bids = bids + cardinality(p_request),
             raised = raised + (select sum(m) from unnest(p_amount) m)
       where id = p_loan returning principal - raised into remaining;
      ranks := array[l.bids + 1];
      return;
    exception when check_violation or unique_violation or not_null_violation then null;
    end;
  end if;
  for i in 1..cardinality(p_request) loop
    select * into one from place_bid(p_request[i], p_account[i], p_loan, p_amount[i]);
    outcomes[i] := one.outcome; ranks[i] := one.rank; remaining := one.remaining;
  end loop;
end $$;
`;

/**
 * Repayments of many loans in one transaction. A lender's part of what was repaid so far is rounded
 * down at the ends of its notes, so that parts sum to the payment exactly and each is
 * within a cent of what is due; a leg is the difference of two such parts. Legs are
 * entries, and accounts get the sum.
 */
const REPAY = `
create function repay(p_request uuid[], p_borrower int[], p_loan int[], p_amount bigint[],
                      out outcomes int[], out ordinals bigint[])
language plpgsql as $$
declare l loan; known repayment; n int := cardinality(p_request); before bigint[]; amounts bigint[];
begin
  perform 1 from loan where id = any(p_loan) order by id for update;
  for i in 1..n loop
    select * into l from loan where id = p_loan[i];
    select * into known from repayment where request_id = p_request[i];
    before[i] := l.repaid; amounts[i] := 0; outcomes[i] := 0; ordinals[i] := 0;
    if l.id is null or l.borrower is distinct from p_borrower[i] then outcomes[i] := 402;
    elsif known.request_id is not null then
      ordinals[i] := known.ordinal;
      if (known.loan_id, known.amount) is distinct from (p_loan[i], p_amount[i]) then outcomes[i] := 200; end if;
    elsif p_amount[i] > l.raised - l.repaid then outcomes[i] := 504;
    else
      update account set available = available - p_amount[i]
       where id = p_borrower[i] and available >= p_amount[i];
      if not found then outcomes[i] := 303; continue; end if;
      update loan set repaid = repaid + p_amount[i], repayments = repayments + 1 where id = l.id;
      insert into repayment values (p_request[i], l.id, l.repayments + 1, p_amount[i]);
      ordinals[i] := l.repayments + 1; amounts[i] := p_amount[i];
    end if;
  end loop;
  with payment as (
    select r.l, r.o, r.b, r.b + r.m as a from unnest(p_loan, ordinals, before, amounts) r(l, o, b, m) where r.m > 0
  ), leg as (
    insert into entry
      select h.account_id, h.loan_id, p.o,
             (h.notes_after * p.a / loan.notes - h.notes_before * p.a / loan.notes)
             - (h.notes_after * p.b / loan.notes - h.notes_before * p.b / loan.notes)
        from payment p join loan on loan.id = p.l join holding h on h.loan_id = p.l
    returning account_id, amount
  )
  update account set available = available + s.m
    from (select account_id, sum(amount)::bigint m from leg group by account_id) s
   where id = s.account_id;
end $$;
`;

export const POSTGRES_FUNCTIONS: readonly string[] = [PLACE_BID, PLACE_BIDS, REPAY];
