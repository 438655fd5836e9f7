package tensorlink.node;

import java.io.IOException;
import java.net.ConnectException;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import tensorlink.dht.BootstrapReport;
import tensorlink.jobs.job.Problem;
import tensorlink.jobs.job.ProblemCode;
import tensorlink.p2p.core.DialException;
import tensorlink.p2p.core.UnsupportedProtocolException;
import tensorlink.p2p.core.WrongPeerException;
import tensorlink.p2p.peer.PeerId;

/** Why bootstrap peers are of no use, each in three sentences: what, why, what now. */
final class BootstrapAdvice {
    private static final Pattern KAD = Pattern.compile("/tensorlink/([^/]+)/kad/.*");

    private final String network;
    private final Function<PeerId, List<String>> protocols;

    /**
     * @param network that is to be joined
     * @param protocols what a peer has said that it serves
     */
    BootstrapAdvice(String network, Function<PeerId, List<String>> protocols) {
        this.network = network;
        this.protocols = protocols;
    }

    /** One problem for each peer that did not answer. */
    List<Problem> on(BootstrapReport report) {
        return report.failures().stream().map(this::on).toList();
    }

    /** All of them as one, for whoever cannot go on; none when there was nobody to ask. */
    Problem alone(List<Problem> problems) {
        if (problems.isEmpty()) {
            return problem(
                    "network \"" + network + "\" cannot be joined",
                    "no bootstrap peer is configured",
                    "name one of its nodes, as network.bootstrap or --bootstrap:"
                            + " /ip4/ADDRESS/tcp/PORT/p2p/ID");
        }
        return new Problem(
                ProblemCode.UNREACHABLE,
                "network \"" + network + "\" cannot be joined",
                problems.stream()
                        .map(problem -> problem.what() + ": " + problem.why())
                        .collect(Collectors.joining("; ")),
                problems.getFirst().now());
    }

    /** A source that should name peers and cannot be asked. */
    static Problem silent(String source, String why) {
        return problem(
                "nobody is learnt from " + source,
                why,
                "dnsaddr".equals(source)
                        ? "see that this machine's name servers answer"
                        : "nothing, if other bootstrap peers answer");
    }

    private Problem on(BootstrapReport.Failure failure) {
        var peer = failure.peer();
        var what =
                "bootstrap peer "
                        + (peer.addresses().isEmpty() ? peer.id() : peer.fullAddresses().getFirst())
                        + " is of no use";
        var wrongPeer = find(failure.cause(), WrongPeerException.class);
        if (wrongPeer.isPresent()) {
            return problem(
                    what,
                    "another peer answers there: " + wrongPeer.get().actual(),
                    "if that is the node you mean, put its id after /p2p/; else correct the"
                            + " address");
        }
        if (find(failure.cause(), UnsupportedProtocolException.class).isPresent()) {
            var other = networkOf(peer.id());
            return problem(
                    what,
                    "it is no part of network \""
                            + network
                            + "\""
                            + other.map(name -> " but of \"" + name + "\"").orElse(""),
                    "name the network that it is part of, or a peer that is part of this one");
        }
        if (find(failure.cause(), ConnectException.class).isPresent()) {
            return problem(
                    what,
                    "nothing listens there",
                    "start that node, or correct the address; ports that are not fixed change with"
                            + " every start");
        }
        return problem(
                what,
                String.valueOf(failure.cause().getMessage()),
                "see that the node runs, and that no firewall is in between");
    }

    private static Problem problem(String what, String why, String now) {
        return new Problem(ProblemCode.UNREACHABLE, what, why, now);
    }

    private Optional<String> networkOf(PeerId peer) {
        for (var protocol : protocols.apply(peer)) {
            var kad = KAD.matcher(protocol);
            if (kad.matches()) {
                return Optional.of(kad.group(1));
            }
        }
        return Optional.empty();
    }

    /** Looks through causes, and through what each address of a peer answered. */
    private static <E extends Exception> Optional<E> find(Throwable failure, Class<E> kind) {
        if (kind.isInstance(failure)) {
            return Optional.of(kind.cast(failure));
        }
        if (failure instanceof DialException dial) {
            for (var attempt : dial.attempts()) {
                var found = find(attempt.cause(), kind);
                if (found.isPresent()) {
                    return found;
                }
            }
        }
        return failure.getCause() instanceof IOException cause
                ? find(cause, kind)
                : Optional.empty();
    }
}
