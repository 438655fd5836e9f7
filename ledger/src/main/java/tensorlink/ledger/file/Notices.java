package tensorlink.ledger.file;

import java.time.Instant;
import tensorlink.ledger.Amount;
import tensorlink.ledger.Notice;
import tensorlink.ledger.Rejection;

/** The rules of notices, which are the same for deposits and for collateral. */
final class Notices {
    private Notices() {}

    /** What leaves after a notice of {@code cumulative} in all, which is more than before. */
    static Amount leaving(Notice notice, Amount cumulative) {
        return notice.leaving().plus(cumulative.minus(notice.noticed()));
    }

    static boolean runs(Notice notice, Instant now) {
        return !notice.leaving().isZero() && now.isBefore(notice.ends());
    }

    static Decision running(Notice notice, Instant now) {
        return Decision.reject(
                Rejection.NOTICE_RUNNING,
                notice.leaving() + " can leave at " + notice.ends() + ", now " + now);
    }

    /** After what was leaving has left. */
    static Notice taken(Notice notice) {
        return new Notice(notice.noticed(), Amount.ZERO, notice.ends());
    }
}
