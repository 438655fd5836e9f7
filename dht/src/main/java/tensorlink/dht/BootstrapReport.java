package tensorlink.dht;

import java.io.IOException;
import java.util.List;
import java.util.stream.Collectors;
import tensorlink.p2p.peer.PeerInfo;

/**
 * Who of the bootstrap peers answered, and why the others did not.
 *
 * @param answered in the order in which they answered
 * @param failures in the order in which they failed
 */
public record BootstrapReport(List<PeerInfo> answered, List<Failure> failures) {

    public BootstrapReport {
        answered = List.copyOf(answered);
        failures = List.copyOf(failures);
    }

    /**
     * A peer that did not answer.
     *
     * @param cause often a {@link tensorlink.p2p.core.DialException}, which tells for each address
     *     of the peer what happened there
     */
    public record Failure(PeerInfo peer, IOException cause) {
        @Override
        public String toString() {
            return peer.id() + " at " + peer.addresses() + ": " + cause.getMessage();
        }
    }

    @Override
    public String toString() {
        int asked = answered.size() + failures.size();
        return answered.size()
                + " of "
                + asked
                + " bootstrap peers answered"
                + failures.stream()
                        .map(Failure::toString)
                        .collect(Collectors.joining("; ", failures.isEmpty() ? "" : "; ", ""));
    }
}
