package tensorlink.ledger.file;

import java.math.BigInteger;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tensorlink.ledger.Account;
import tensorlink.ledger.Amount;
import tensorlink.ledger.Endorsement;
import tensorlink.ledger.Notice;
import tensorlink.ledger.PeerRecord;
import tensorlink.ledger.Registration;
import tensorlink.ledger.Rejection;
import tensorlink.ledger.file.Entry.Seat;

/** The rules of validators: collateral put up, taken back and slashed, and where nodes are. */
final class Collaterals {
    /**
     * The least collateral of a validator of a private network. A constant, since a log must replay
     * to the same validators whatever its ledger is opened with. Credits come from the issuer, so
     * it decides who can have that much.
     */
    static final Amount STAKE_MIN = Amount.of(1_000_000);

    /** What of slashed collateral goes to the reporter, in hundredths. */
    private static final int REPORTER_PERCENT = 10;

    private final Credits credits;
    final Map<Account, Registration> registrations = new HashMap<>();
    private int seated;

    Collaterals(Credits credits) {
        this.credits = credits;
    }

    Decision stake(Entry.Staked asked) {
        var m = asked.stake().message();
        var before = of(m.validator());
        if (before.slashed()) {
            return notValidator(m.validator(), "was slashed");
        }
        return switch (credits.setAside(m.validator(), before.staked(), m.cumulative(), "stake")) {
            case Credits.SetAside.Not(var decision) -> decision;
            case Credits.SetAside.Step(var amount) -> {
                var after = staked(before, amount, m.cumulative());
                yield Decision.accept(new Entry.Staked(asked.stake(), amount, seat(before, after)));
            }
        };
    }

    void apply(Entry.Staked entry) {
        var m = entry.stake().message();
        credits.take(m.validator(), entry.amount());
        put(m.validator(), staked(of(m.validator()), entry.amount(), m.cumulative()));
    }

    private static Registration staked(Registration before, Amount amount, Amount cumulative) {
        return with(before, before.collateral().plus(amount), cumulative, before.notice());
    }

    Decision notice(Entry.UnstakeNoticed asked) {
        var m = asked.unstake().message();
        var before = of(m.validator());
        if (!m.cumulative().isMoreThan(before.notice().noticed())) {
            return Decision.noChange();
        }
        var leaving = Notices.leaving(before.notice(), m.cumulative());
        var after = noticed(before, new Notice(m.cumulative(), leaving, asked.ends()));
        return Decision.accept(
                new Entry.UnstakeNoticed(
                        asked.unstake(), leaving, asked.ends(), seat(before, after)));
    }

    void apply(Entry.UnstakeNoticed entry) {
        var m = entry.unstake().message();
        var notice = new Notice(m.cumulative(), entry.leaving(), entry.ends());
        put(m.validator(), noticed(of(m.validator()), notice));
    }

    private static Registration noticed(Registration before, Notice notice) {
        return with(before, before.collateral(), before.staked(), notice);
    }

    Decision unstake(Account validator, Instant now) {
        var registration = of(validator);
        if (Notices.runs(registration.notice(), now)) {
            return Notices.running(registration.notice(), now);
        }
        var amount = registration.notice().leaving().min(registration.collateral());
        return amount.isZero()
                ? Decision.noChange()
                : Decision.pay(new Entry.Unstaked(validator, amount), amount);
    }

    void apply(Entry.Unstaked entry) {
        var before = of(entry.validator());
        credits.add(entry.validator(), entry.amount());
        put(
                entry.validator(),
                with(
                        before,
                        before.collateral().minus(entry.amount()),
                        before.staked(),
                        Notices.taken(before.notice())));
    }

    Decision announce(Entry.Announced asked) {
        var m = asked.record().message();
        var registration = of(m.validator());
        if (!registration.validates()) {
            return notValidator(m.validator(), "has put up " + registration.collateral());
        }
        if (m.serial() <= registration.serial()) {
            return Decision.noChange();
        }
        return m.record().size() > PeerRecord.RECORD_BYTES_MAX
                ? Decision.reject(
                        Rejection.RECORD_TOO_LARGE,
                        m.record().size() + " bytes, at most " + PeerRecord.RECORD_BYTES_MAX)
                : Decision.accept(asked);
    }

    void apply(Entry.Announced entry) {
        var m = entry.record().message();
        var r = of(m.validator());
        put(
                m.validator(),
                new Registration(
                        r.validates(),
                        r.collateral(),
                        r.staked(),
                        r.notice(),
                        r.slashed(),
                        m.record(),
                        m.serial()));
    }

    Decision slash(Entry.Slashed asked) {
        var proof = asked.proof();
        if (proof.one().epoch() != proof.other().epoch() || proof.one().equals(proof.other())) {
            return Decision.reject(
                    Rejection.NO_EQUIVOCATION, "the two roots do not contradict each other");
        }
        var before = of(proof.validator());
        if (before.collateral().isZero()) {
            return notValidator(proof.validator(), "has no collateral");
        }
        var reported =
                new Amount(
                        before.collateral()
                                .value()
                                .multiply(BigInteger.valueOf(REPORTER_PERCENT))
                                .divide(BigInteger.valueOf(100)));
        var burned = before.collateral().minus(reported);
        return Decision.pay(
                new Entry.Slashed(
                        proof, asked.reporter(), burned, reported, seat(before, slashed(before))),
                reported);
    }

    void apply(Entry.Slashed entry) {
        credits.add(entry.reporter(), entry.reported());
        credits.burn(entry.burned());
        put(entry.proof().validator(), slashed(of(entry.proof().validator())));
    }

    private static Registration slashed(Registration before) {
        var after = with(before, Amount.ZERO, before.staked(), Notices.taken(before.notice()));
        return new Registration(
                after.validates(),
                after.collateral(),
                after.staked(),
                after.notice(),
                true,
                after.peerRecord(),
                after.serial());
    }

    /** Why these do not stand for {@code needed} validators; signatures are not checked here. */
    Optional<Decision> shortOf(int needed, List<Endorsement> endorsements) {
        if (endorsements.size() < needed) {
            return Optional.of(
                    Decision.reject(
                            Rejection.QUORUM_MISSING,
                            endorsements.size() + " signatures, " + needed + " needed"));
        }
        var seen = new HashSet<Account>();
        for (var endorsement : endorsements) {
            if (!seen.add(endorsement.validator()) || !of(endorsement.validator()).validates()) {
                return Optional.of(
                        Decision.reject(
                                Rejection.BAD_SIGNATURE,
                                endorsement.validator() + " is no validator, or there twice"));
            }
        }
        return Optional.empty();
    }

    /** How many validate. */
    int count() {
        return seated;
    }

    List<Account> validators() {
        return registrations.entrySet().stream()
                .filter(it -> it.getValue().validates())
                .map(Map.Entry::getKey)
                .toList();
    }

    Registration of(Account account) {
        return registrations.getOrDefault(account, Registration.NONE);
    }

    void put(Account account, Registration after) {
        switch (seat(of(account), after)) {
            case SAME -> {}
            case TAKEN -> seated++;
            case LEFT -> seated--;
        }
        registrations.put(account, after);
    }

    private static Seat seat(Registration before, Registration after) {
        if (before.validates() == after.validates()) {
            return Seat.SAME;
        }
        return after.validates() ? Seat.TAKEN : Seat.LEFT;
    }

    /** Whoever stops validating is no longer found by its record. */
    private static Registration with(
            Registration before, Amount collateral, Amount staked, Notice notice) {
        boolean validates =
                !notice.leaving().isMoreThan(collateral)
                        && !STAKE_MIN.isMoreThan(collateral.minus(notice.leaving()));
        return new Registration(
                validates,
                collateral,
                staked,
                notice,
                before.slashed(),
                validates ? before.peerRecord() : Registration.NONE.peerRecord(),
                before.serial());
    }

    private static Decision notValidator(Account account, String why) {
        return Decision.reject(Rejection.NOT_VALIDATOR, account + " " + why);
    }
}
