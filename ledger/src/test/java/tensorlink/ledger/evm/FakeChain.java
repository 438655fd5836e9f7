package tensorlink.ledger.evm;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import tensorlink.ledger.Account;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.evm.Transaction.SignedTransaction;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A node as strict as real ones, where anvil is not: a replacement must offer a tenth more of both
 * fees, and what offers less than the price of the day waits. Blocks come when told.
 */
final class FakeChain implements Rpc {
    private static final BigInteger GWEI = BigInteger.valueOf(1_000_000_000);

    private final Account account;
    private final TreeMap<Long, SignedTransaction> pool = new TreeMap<>();
    private final List<List<SignedTransaction>> blocks = new ArrayList<>();
    private final Map<Integer, Integer> forks = new HashMap<>();

    /** What a tip must be to get into a block. */
    BigInteger price = GWEI;

    /** Whether transactions are lost on their way here, without an answer. */
    boolean deaf;

    final List<SignedTransaction> shown = new ArrayList<>();

    FakeChain(Account account) {
        this.account = account;
        blocks.add(List.of());
    }

    /** Makes a block of what pays enough and has the next nonces. */
    void mine() {
        var block = new ArrayList<SignedTransaction>();
        for (long nonce = count(blocks.size() - 1); pool.containsKey(nonce); nonce++) {
            var next = pool.get(nonce);
            if (next.transaction().fee().tip().compareTo(price) < 0) {
                break;
            }
            pool.remove(nonce);
            block.add(next);
        }
        blocks.add(block);
    }

    /** Replaces the newest blocks by empty ones; their transactions are gone. */
    void drop(int depth) {
        for (int i = 0; i < depth; i++) {
            int number = blocks.size() - 1 - i;
            blocks.set(number, List.of());
            forks.merge(number, 1, Integer::sum);
        }
    }

    /** Mines what another program with the same key has sent. */
    void mineOther(SignedTransaction other) {
        pool.remove(other.nonce());
        blocks.add(List.of(other));
    }

    List<SignedTransaction> mined() {
        var all = new ArrayList<SignedTransaction>();
        blocks.forEach(all::addAll);
        return all;
    }

    private long count(int last) {
        return blocks.subList(0, last + 1).stream().mapToLong(List::size).sum();
    }

    @Override
    public JsonNode call(String method, Object... params) throws IOException {
        return switch (method) {
            case "eth_blockNumber" -> json(RpcValue.quantity(blocks.size() - 1));
            case "eth_maxPriorityFeePerGas" -> json("0x" + GWEI.toString(16));
            case "eth_getTransactionCount" -> json(RpcValue.quantity(count(number(params[1]))));
            case "eth_getBlockByNumber" -> header(number(params[0]));
            case "eth_sendRawTransaction" -> send((String) params[0]);
            case "eth_getTransactionReceipt" -> receipt((String) params[0]);
            default -> throw new AssertionError(method);
        };
    }

    private int number(Object block) {
        return block.equals("latest")
                ? blocks.size() - 1
                : Integer.parseInt(block.toString().substring(2), 16);
    }

    private JsonNode header(int number) {
        return number >= blocks.size()
                ? JsonMapper.shared().nullNode()
                : json(
                        Map.of(
                                "number", RpcValue.quantity(number),
                                "hash", hash(number).toString(),
                                "parentHash", hash(number - 1).toString(),
                                "timestamp", "0x6955b900",
                                "baseFeePerGas", "0x" + GWEI.toString(16)));
    }

    private Bytes32 hash(int number) {
        return Bytes32.keccak("block " + number + " fork " + forks.getOrDefault(number, 0));
    }

    private JsonNode send(String hex) throws IOException {
        var bytes = ByteString.copyFrom(HexFormat.of().parseHex(hex.substring(2)));
        var signed = Transaction.decode(bytes, account);
        if (deaf) {
            throw new RpcTransportException("lost on the way", null);
        }
        shown.add(signed);
        if (signed.nonce() < count(blocks.size() - 1)) {
            throw refused("nonce too low");
        }
        var known = pool.get(signed.nonce());
        if (known != null && known.bytes().equals(bytes)) {
            throw refused("already known");
        }
        if (known != null && !replaces(signed.transaction().fee(), known.transaction().fee())) {
            throw refused("replacement transaction underpriced");
        }
        pool.put(signed.nonce(), signed);
        return json(signed.hash().toString());
    }

    private static boolean replaces(Fee fee, Fee old) {
        return atLeastATenthMore(fee.tip(), old.tip()) && atLeastATenthMore(fee.cap(), old.cap());
    }

    private static boolean atLeastATenthMore(BigInteger value, BigInteger old) {
        return value.multiply(BigInteger.TEN).compareTo(old.multiply(BigInteger.valueOf(11))) >= 0;
    }

    private static RpcErrorException refused(String message) {
        return RpcErrorException.of(
                "eth_sendRawTransaction", json(Map.of("code", -32_000, "message", message)));
    }

    private JsonNode receipt(String hash) {
        for (int number = 0; number < blocks.size(); number++) {
            for (var signed : blocks.get(number)) {
                if (signed.hash().toString().equals(hash)) {
                    return json(
                            Map.of(
                                    "transactionHash",
                                    hash,
                                    "blockNumber",
                                    RpcValue.quantity(number),
                                    "blockHash",
                                    hash(number).toString(),
                                    "status",
                                    "0x1",
                                    "gasUsed",
                                    "0x5208",
                                    "logs",
                                    List.of()));
                }
            }
        }
        return JsonMapper.shared().nullNode();
    }

    static JsonNode json(Object value) {
        return JsonMapper.shared().valueToTree(value);
    }
}
