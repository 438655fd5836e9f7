package tensorlink.ledger.smartnodes;

import com.google.protobuf.ByteString;
import java.math.BigInteger;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.evm.AbiReader;
import tensorlink.ledger.evm.EvmClient.Event;
import tensorlink.ledger.evm.RpcFormatException;
import tensorlink.ledger.smartnodes.SmartnodesEvent.Change;

/**
 * The contracts' events, of both profiles: where they differ the signature does, and so the topic.
 */
final class SmartnodesEvents {
    private static final int WORD_BITS = 256;

    private static final Map<Bytes32, Format> FORMATS = new HashMap<>();

    private interface Format {
        Change read(AbiReader indexed, AbiReader data) throws RpcFormatException;
    }

    static {
        event(
                "JobCreated(bytes32,bytes32,string,uint128,bool)",
                (in, data) -> {
                    data.word("network");
                    return new Change.JobCreated(
                            in.bytes32("jobId"),
                            in.bytes32("owner"),
                            data.integer("payment", 128),
                            data.bool("payWithSNO"));
                });
        event(
                "JobCompleted(bytes32,uint128,bool)",
                (in, data) ->
                        new Change.JobCompleted(
                                in.bytes32("jobId"),
                                data.integer("payment", 128),
                                data.bool("payWithSNO")));
        event(
                "ProposalCreated(uint256,bytes32,address)",
                (in, _) ->
                        new Change.ProposalCreated(
                                number(in), in.bytes32("proposalHash"), in.account("creator")));
        event(
                "ProposalExecuted(uint256,bytes32)",
                (in, _) -> new Change.ProposalExecuted(number(in), in.bytes32("proposalHash")));
        event(
                "ValidatorAdded(address)",
                (in, _) -> new Change.ValidatorAdded(in.account("validator")));
        event(
                "ValidatorRemoved(address)",
                (in, _) -> new Change.ValidatorRemoved(in.account("validator")));
        event(
                "NewRoundStarted(uint256,address[])",
                (in, _) -> new Change.RoundStarted(in.integer("roundNumber", WORD_BITS)));
        event(
                "MerkleDistributionCreated(uint256,bytes32,uint256,uint256,uint256)",
                (in, data) ->
                        new Change.DistributionCreated(
                                in.integer("distributionId", WORD_BITS),
                                data.bytes32("merkleRoot"),
                                data.integer("totalSnoRewards", WORD_BITS),
                                data.integer("totalEthRewards", WORD_BITS)));
        event(
                "TokenRewardsClaimed(uint256,address,uint256)",
                (in, data) ->
                        new Change.Claimed(
                                in.integer("distributionId", WORD_BITS),
                                in.account("user"),
                                data.integer("amount", WORD_BITS)));
        event(
                "TokenRewardsClaimed(address,uint256)",
                (in, data) ->
                        new Change.Claimed(
                                BigInteger.ZERO,
                                in.account("user"),
                                data.integer("amount", WORD_BITS)));
    }

    /** What to ask a node for. */
    static final List<Bytes32> TOPICS = List.copyOf(FORMATS.keySet());

    private SmartnodesEvents() {}

    private static void event(String signature, Format format) {
        FORMATS.put(Bytes32.keccak(signature), format);
    }

    private static int number(AbiReader in) throws RpcFormatException {
        return in.integer("proposalId", Byte.SIZE).intValue();
    }

    /** What {@code event} tells; empty when it is none of these. */
    static Optional<SmartnodesEvent> read(Event event) throws RpcFormatException {
        var format = event.topics().isEmpty() ? null : FORMATS.get(event.topics().getFirst());
        if (format == null) {
            return Optional.empty();
        }
        var indexed = ByteString.EMPTY;
        for (var topic : event.topics().subList(1, event.topics().size())) {
            indexed = indexed.concat(topic.bytes());
        }
        var change =
                format.read(new AbiReader("event", indexed), new AbiReader("event", event.data()));
        return Optional.of(new SmartnodesEvent(event.at(), change));
    }
}
