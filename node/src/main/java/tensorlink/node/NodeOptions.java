package tensorlink.node;

import java.net.URI;
import java.util.List;
import java.util.Objects;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tensorlink.compute.Device;
import tensorlink.compute.Engine;
import tensorlink.jobs.job.JobLimits;
import tensorlink.ledger.Amount;
import tensorlink.p2p.multiaddr.Multiaddr;

/**
 * Everything a {@link Node} is started with.
 *
 * @param working what it lends; null for no worker
 * @param validating what it validates with; null for no validator
 */
record NodeOptions(
        Network network,
        Home home,
        List<Multiaddr> listen,
        JobLimits limits,
        @Nullable Working working,
        @Nullable Validating validating) {

    NodeOptions {
        listen = List.copyOf(listen);
    }

    static NodeOptions of(Network network, Home home, List<Multiaddr> listen) {
        return new NodeOptions(network, home, listen, JobLimits.defaults(), null, null);
    }

    NodeOptions working(Working terms) {
        return new NodeOptions(network, home, listen, limits, terms, validating);
    }

    NodeOptions validating(Validating terms) {
        return new NodeOptions(network, home, listen, limits, working, terms);
    }

    NodeOptions limits(JobLimits others) {
        return new NodeOptions(network, home, listen, others, working, validating);
    }

    /** How it is there for others. */
    Presence presence() {
        return network.presence();
    }

    /**
     * A worker's part.
     *
     * @param engine what computes; null for one of the node's own
     * @param isolation whether an engine of the node's own computes in other processes
     * @param device what is to be computed on
     * @param hub where published weights are had from; null for from users
     * @param devices what there is; null for this machine's
     */
    record Working(
            long memoryBytes,
            int threads,
            Amount unitPrice,
            @Nullable Engine engine,
            Isolation isolation,
            DeviceWish device,
            @Nullable URI hub,
            @Nullable Devices devices) {}

    /**
     * Those of the node that works with another of this machine's devices: in a folder of its own,
     * where it is found behind the ports of this one.
     *
     * @param place 1 for the second device, and so on
     */
    NodeOptions beside(Device other, Devices devices, int place) {
        var here = Objects.requireNonNull(working);
        var name = other.toString().replace(':', '-');
        var wish = new DeviceWish(DeviceWish.Kind.CUDA, List.of(other.card()), true);
        return new NodeOptions(
                network,
                Home.at(home.folder().resolve("devices").resolve(name)),
                listen.stream().map(address -> behind(address, place)).toList(),
                limits,
                new Working(
                        here.memoryBytes(),
                        here.threads(),
                        here.unitPrice(),
                        null,
                        here.isolation(),
                        wish,
                        here.hub(),
                        devices),
                null);
    }

    /** The same address {@code place} ports further; any free port stays any. */
    static Multiaddr behind(Multiaddr address, int place) {
        var port = Pattern.compile("/(tcp|udp)/([1-9]\\d*)");
        return Multiaddr.parse(
                port.matcher(address.toString())
                        .replaceFirst(found ->
                                "/"
                                        + found.group(1)
                                        + "/"
                                        + (Integer.parseInt(found.group(2)) + place)));
    }

    /**
     * A validator's part.
     *
     * @param keepsLedger whether it keeps the network's ledger, in its folder
     * @param newcomerCredit what each new account is issued once
     */
    record Validating(boolean keepsLedger, Amount newcomerCredit) {}
}
