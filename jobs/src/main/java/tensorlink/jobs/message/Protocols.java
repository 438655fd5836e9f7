package tensorlink.jobs.message;

import tensorlink.p2p.core.ProtocolId;

/**
 * The names of a network's own protocols. Two networks that meet understand none of each other's.
 *
 * @param network the network's name
 */
public record Protocols(String network) {
    public static final int NETWORK_LENGTH_MAX = 64;

    public Protocols {
        if (!network.matches("[a-z0-9][a-z0-9.-]{0," + (NETWORK_LENGTH_MAX - 1) + "}")) {
            throw new IllegalArgumentException(
                    "network name \""
                            + network
                            + "\": 1 to "
                            + NETWORK_LENGTH_MAX
                            + " of a-z, 0-9, dot and dash, a letter or digit first");
        }
    }

    /** One {@link Question} and its {@link Answer}s. */
    public ProtocolId job() {
        return named("job/1.0.0");
    }

    /** {@link Command}s from a job's user to one of its workers, {@link Report}s back. */
    public ProtocolId control() {
        return named("control/1.0.0");
    }

    /** A {@link Hello}, then {@link TensorFrame}s. */
    public ProtocolId stage() {
        return named("stage/1.0.0");
    }

    /** {@link WeightsQuestion}s and the bytes asked for. */
    public ProtocolId weights() {
        return named("weights/1.0.0");
    }

    /** What validators tell each other of rounds on the Smartnodes contracts. */
    public ProtocolId round() {
        return named("round/1.0.0");
    }

    /** Prefix of the DHT's own protocol. */
    public ProtocolId kad() {
        return named("kad/1.0.0");
    }

    private ProtocolId named(String rest) {
        return ProtocolId.of("/tensorlink/" + network + "/" + rest);
    }
}
