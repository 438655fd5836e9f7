package tensorlink.p2p.autonat;

import java.time.Duration;

/**
 * What a host asks of others to learn whether it can be reached, and what it does for them; {@code
 * Max} values are inclusive.
 *
 * @param agreeingMin networks that must say the same of an address
 * @param verdictLifetime for how long a verdict counts
 * @param probePause between two questions while there is no clear answer
 * @param refreshPause between two questions when there is
 * @param serverPause before the same peer is asked again
 * @param addressesMax addresses that are looked at in a question
 * @param dataBytesMax bytes that we send to prove that we are in earnest
 * @param dialsPerMinuteMax dials for others
 * @param dialsPerPeerMax of them for one peer
 * @param dialsAtOnceMax of them at the same time
 * @param streamTimeout for a whole question
 * @param dialTimeout for a dial and what is said over it
 */
public record AutoNatLimits(
        int agreeingMin,
        Duration verdictLifetime,
        Duration probePause,
        Duration refreshPause,
        Duration serverPause,
        int addressesMax,
        int dataBytesMax,
        int dialsPerMinuteMax,
        int dialsPerPeerMax,
        int dialsAtOnceMax,
        Duration streamTimeout,
        Duration dialTimeout) {

    public AutoNatLimits {
        if (agreeingMin < 1 || addressesMax < 1 || dataBytesMax < 1) {
            throw new IllegalArgumentException(
                    "AutoNAT with %d agreeing, %d addresses, %d bytes"
                            .formatted(agreeingMin, addressesMax, dataBytesMax));
        }
    }

    public static AutoNatLimits defaults() {
        return new AutoNatLimits(
                3,
                Duration.ofHours(1),
                Duration.ofSeconds(5),
                Duration.ofMinutes(15),
                Duration.ofMinutes(10),
                32,
                200 << 10,
                60,
                12,
                8,
                Duration.ofSeconds(15),
                Duration.ofSeconds(5));
    }

    public AutoNatLimits withAgreeing(int networks) {
        return new AutoNatLimits(
                networks,
                verdictLifetime,
                probePause,
                refreshPause,
                serverPause,
                addressesMax,
                dataBytesMax,
                dialsPerMinuteMax,
                dialsPerPeerMax,
                dialsAtOnceMax,
                streamTimeout,
                dialTimeout);
    }

    public AutoNatLimits withPauses(Duration probe, Duration refresh, Duration server) {
        return new AutoNatLimits(
                agreeingMin,
                verdictLifetime,
                probe,
                refresh,
                server,
                addressesMax,
                dataBytesMax,
                dialsPerMinuteMax,
                dialsPerPeerMax,
                dialsAtOnceMax,
                streamTimeout,
                dialTimeout);
    }
}
