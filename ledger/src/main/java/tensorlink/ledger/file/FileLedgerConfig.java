package tensorlink.ledger.file;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import tensorlink.ledger.Account;
import tensorlink.ledger.LedgerTerms.Periods;

/**
 * Whose ledger it is, and its limits. Network and issuer are fixed when the ledger is created; the
 * rest may differ each time it is opened. {@code Max} values are inclusive.
 *
 * @param networkId 1 to 255 bytes of UTF-8
 * @param issuer whose signature grants credits
 * @param expiryTolerance how long after its expiry a voucher or agreement is still accepted
 * @param vouchersMax in one batch
 * @param signaturesCheckedOnOpen whether replay checks every signature again, at about half a
 *     millisecond each, beside the hash chain and the rules
 * @param periods how long notices, delays and disputes are that begin from now on
 * @param snapshotEvery after how many records the state is written down, so that opening replays no
 *     more than that; 0 for never, and for reading the whole log on opening
 */
public record FileLedgerConfig(
        String networkId,
        Account issuer,
        Duration expiryTolerance,
        int vouchersMax,
        int agreementsPerJobMax,
        int openJobsPerPayerMax,
        boolean signaturesCheckedOnOpen,
        Periods periods,
        int snapshotEvery) {
    /** What a batch may hold so that its record fits the log. */
    private static final int VOUCHERS_CEILING = 4096;

    public FileLedgerConfig {
        int idBytes = networkId.getBytes(StandardCharsets.UTF_8).length;
        if (idBytes < 1 || idBytes > 255) {
            throw new IllegalArgumentException("a network id has 1 to 255 bytes, not " + idBytes);
        }
        issuer.checkNamed("issuer");
        if (expiryTolerance.isNegative()) {
            throw new IllegalArgumentException("expiryTolerance is negative: " + expiryTolerance);
        }
        checkRange("vouchersMax", vouchersMax, VOUCHERS_CEILING);
        checkRange("agreementsPerJobMax", agreementsPerJobMax, 65_536);
        checkRange("openJobsPerPayerMax", openJobsPerPayerMax, Integer.MAX_VALUE);
        if (snapshotEvery < 0) {
            throw new IllegalArgumentException("snapshotEvery is negative: " + snapshotEvery);
        }
    }

    /**
     * The usual limits: 10 minutes of tolerance, 1,000 of each, signatures checked on open; a day's
     * notice for deposits, a week's for collateral, an hour before a root counts, a day for a
     * verdict; a snapshot every 10,000 records.
     */
    public static FileLedgerConfig of(String networkId, Account issuer) {
        return new FileLedgerConfig(
                networkId,
                issuer,
                Duration.ofMinutes(10),
                1_000,
                1_000,
                1_000,
                true,
                new Periods(
                        Duration.ofHours(24),
                        Duration.ofDays(7),
                        Duration.ofHours(1),
                        Duration.ofHours(24)),
                10_000);
    }

    public FileLedgerConfig withExpiryTolerance(Duration tolerance) {
        return new FileLedgerConfig(
                networkId,
                issuer,
                tolerance,
                vouchersMax,
                agreementsPerJobMax,
                openJobsPerPayerMax,
                signaturesCheckedOnOpen,
                periods,
                snapshotEvery);
    }

    /** The same limit for vouchers in a batch, agreements in a job and open jobs of a payer. */
    public FileLedgerConfig withLimits(int vouchers, int agreementsPerJob, int openJobsPerPayer) {
        return new FileLedgerConfig(
                networkId,
                issuer,
                expiryTolerance,
                vouchers,
                agreementsPerJob,
                openJobsPerPayer,
                signaturesCheckedOnOpen,
                periods,
                snapshotEvery);
    }

    public FileLedgerConfig withSignaturesCheckedOnOpen(boolean checked) {
        return new FileLedgerConfig(
                networkId,
                issuer,
                expiryTolerance,
                vouchersMax,
                agreementsPerJobMax,
                openJobsPerPayerMax,
                checked,
                periods,
                snapshotEvery);
    }

    public FileLedgerConfig withPeriods(Periods changed) {
        return new FileLedgerConfig(
                networkId,
                issuer,
                expiryTolerance,
                vouchersMax,
                agreementsPerJobMax,
                openJobsPerPayerMax,
                signaturesCheckedOnOpen,
                changed,
                snapshotEvery);
    }

    /** Takes a snapshot after every so many records; with 0 takes none and uses none. */
    public FileLedgerConfig withSnapshotEvery(int records) {
        return new FileLedgerConfig(
                networkId,
                issuer,
                expiryTolerance,
                vouchersMax,
                agreementsPerJobMax,
                openJobsPerPayerMax,
                signaturesCheckedOnOpen,
                periods,
                records);
    }

    private static void checkRange(String name, int value, int max) {
        if (value < 1 || value > max) {
            throw new IllegalArgumentException(name + " is 1 to " + max + ", not " + value);
        }
    }
}
