package tensorlink.jobs.market;

import tensorlink.compute.Speed;
import tensorlink.ledger.Account;
import tensorlink.ledger.Amount;
import tensorlink.p2p.peer.PeerId;

/**
 * What a worker offers, signed by it.
 *
 * @param memoryBytes what it lends in all
 * @param freeBytes what of this is not reserved, when it signed
 * @param threads how many threads compute
 * @param profile the id of its execution profile; equal profiles compute equal bits
 * @param speed as it measured itself with these threads
 * @param account where it is paid
 * @param unitPrice what it asks per token and layer, see {@link Usage}
 */
public record Capability(
        PeerId worker,
        long memoryBytes,
        long freeBytes,
        int threads,
        String profile,
        Speed speed,
        Account account,
        Amount unitPrice) {
    private static final int THREADS_MAX = 4_096;
    private static final int PROFILE_LENGTH_MAX = 128;

    public Capability {
        if (memoryBytes < 0 || freeBytes < 0 || freeBytes > memoryBytes) {
            throw new IllegalArgumentException(
                    "free memory " + freeBytes + " of " + memoryBytes + " bytes");
        }
        if (threads < 1 || threads > THREADS_MAX) {
            throw new IllegalArgumentException("threads " + threads + ", 1 to " + THREADS_MAX);
        }
        if (profile.length() > PROFILE_LENGTH_MAX) {
            throw new IllegalArgumentException(
                    "profile of "
                            + profile.length()
                            + " characters, at most "
                            + PROFILE_LENGTH_MAX);
        }
    }
}
