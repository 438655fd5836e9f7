package tensorlink.ledger.file;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import tensorlink.ledger.Account;
import tensorlink.ledger.AccountKey;
import tensorlink.ledger.Agreement;
import tensorlink.ledger.Amount;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.Cursor;
import tensorlink.ledger.Deposit;
import tensorlink.ledger.Domain;
import tensorlink.ledger.Issuance;
import tensorlink.ledger.JobClosing;
import tensorlink.ledger.JobEnd;
import tensorlink.ledger.JobOpening;
import tensorlink.ledger.Signed;
import tensorlink.ledger.SignedAgreement;
import tensorlink.ledger.TestClock;
import tensorlink.ledger.Voucher;

/** A small network with its ledger's configuration, and a history that has every kind of entry. */
final class Fixture {
    static final AccountKey ISSUER = key("issuer");
    static final AccountKey ALICE = key("alice");
    static final AccountKey BOB = key("bob");
    static final AccountKey CAROL = key("carol");
    static final FileLedgerConfig CONFIG = FileLedgerConfig.of("lab", ISSUER.account());
    static final Domain DOMAIN = Domain.privateNetwork("lab");

    /** The entries of {@link #writeHistory}. */
    static final int HISTORY = 8;

    final TestClock clock = new TestClock();

    private static AccountKey key(String name) {
        return AccountKey.of(Bytes32.keccak("key of " + name));
    }

    static Signed<Issuance> issuance(AccountKey to, long cumulative) {
        return ISSUER.sign(
                DOMAIN, new Issuance(ISSUER.account(), to.account(), Amount.of(cumulative)));
    }

    static Signed<Deposit> deposit(AccountKey payer, long cumulative) {
        return payer.sign(DOMAIN, new Deposit(payer.account(), Amount.of(cumulative)));
    }

    Signed<Voucher> voucher(AccountKey payer, AccountKey payee, long cumulative) {
        return payer.sign(
                DOMAIN,
                new Voucher(
                        payer.account(),
                        payee.account(),
                        Amount.of(cumulative),
                        clock.instant().plus(Duration.ofDays(1)),
                        Bytes32.ZERO));
    }

    static Signed<JobOpening> opening(int salt) {
        return ALICE.sign(
                DOMAIN,
                new JobOpening(
                        Bytes32.keccak("spec"),
                        ALICE.account(),
                        Bytes32.keccak("salt " + salt),
                        CAROL.account()));
    }

    SignedAgreement agreement(int salt, long maxPrice) {
        var job = opening(salt).message();
        var agreement =
                new Agreement(
                        job.jobId(),
                        ALICE.account(),
                        BOB.account(),
                        Amount.of(maxPrice),
                        Amount.of(1),
                        Bytes32.keccak("token"),
                        clock.instant(),
                        clock.instant().plus(Duration.ofHours(1)),
                        job.specHash(),
                        Account.ZERO,
                        job.salt());
        var digest = agreement.digest(DOMAIN);
        return new SignedAgreement(agreement, ALICE.sign(digest), BOB.sign(digest));
    }

    static Signed<JobClosing> closing(int salt, JobEnd end) {
        return CAROL.sign(
                DOMAIN,
                new JobClosing(
                        opening(salt).message().jobId(), end, Bytes32.ZERO, CAROL.account()));
    }

    /** Records {@value #HISTORY} entries, one of each kind at least. */
    void writeHistory(FileLedger ledger) throws IOException {
        ledger.issue(issuance(ALICE, 1_000));
        ledger.issue(issuance(BOB, 50));
        ledger.deposit(deposit(ALICE, 600));
        ledger.openJob(opening(0));
        ledger.recordAgreement(agreement(0, 100));
        clock.advance(Duration.ofMinutes(1));
        ledger.redeem(List.of(voucher(ALICE, BOB, 70)));
        ledger.redeem(List.of(voucher(ALICE, BOB, 90), voucher(ALICE, CAROL, 5)));
        ledger.closeJob(closing(0, JobEnd.COMPLETED));
    }

    /** All that can be seen of a ledger, but for its head. */
    static List<Object> contents(FileLedger ledger) throws IOException {
        var seen = new ArrayList<Object>();
        for (var key : List.of(ALICE, BOB, CAROL)) {
            seen.add(ledger.issued(key.account()));
            seen.add(ledger.credits(key.account()));
            seen.add(ledger.deposited(key.account()));
            seen.add(ledger.balance(key.account()));
            seen.add(ledger.redeemed(ALICE.account(), key.account()));
        }
        seen.add(ledger.job(opening(0).message().jobId()));
        ledger.events(Cursor.START, seen::add);
        return seen;
    }
}
