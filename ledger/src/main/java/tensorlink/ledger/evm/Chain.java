package tensorlink.ledger.evm;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.math.BigInteger;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tensorlink.ledger.Account;
import tensorlink.ledger.Bytes32;
import tools.jackson.databind.JsonNode;

/** What a node knows of its chain, as values that have been checked. */
record Chain(Rpc rpc, Finality finality, RpcLimits limits) {
    private static final int TOPICS_MAX = 4;

    /** Apart in what is final, one of two endpoints is stuck, or shows a past that suits it. */
    private static final long FINAL_APART_MAX = 1_024;

    /** A block; {@code baseFee} is in wei for a unit of gas. */
    record Header(long number, Bytes32 hash, Bytes32 parent, Instant time, BigInteger baseFee) {}

    /**
     * What became of a transaction in a block.
     *
     * @param created the new contract's address, after a deployment
     */
    record Receipt(
            Bytes32 transaction,
            long block,
            Bytes32 blockHash,
            boolean succeeded,
            long gasUsed,
            Optional<Account> created,
            List<Log> logs) {
        Receipt {
            logs = List.copyOf(logs);
        }
    }

    /** An event of a contract; {@code index} counts the events of the block. */
    record Log(
            Account contract,
            long block,
            Bytes32 blockHash,
            int index,
            List<Bytes32> topics,
            ByteString data) {
        Log {
            topics = List.copyOf(topics);
        }
    }

    /** The number of the newest block. */
    long head() throws IOException, InterruptedException {
        return RpcValue.number(rpc.call("eth_blockNumber"), "block number");
    }

    /** The number of the newest final block; 0 while there is none. */
    long finalBlock() throws IOException, InterruptedException {
        return switch (finality) {
            case Finality.Tagged() -> header("finalized").map(Header::number).orElse(0L);
            case Finality.Depth(int blocks) -> Math.max(0, head() - blocks);
        };
    }

    /**
     * The newest block that two endpoints have as final, where there are two; empty while there is
     * none.
     *
     * @throws DisagreementException when what is final for one is long past for the other
     */
    Optional<Header> agreedFinal() throws IOException, InterruptedException {
        return switch (finality) {
            case Finality.Tagged() -> {
                var told = rpc.told(Chain::headerOf, "eth_getBlockByNumber", "finalized", false);
                if (told.stream().anyMatch(Optional::isEmpty)) {
                    yield Optional.empty();
                }
                var headers = told.stream().flatMap(Optional::stream).toList();
                requireNear(headers.stream().map(Header::number).toList());
                yield headers.stream().min(Comparator.comparingLong(Header::number));
            }
            case Finality.Depth(int blocks) -> {
                var heads = rpc.told(it -> RpcValue.number(it, "block number"), "eth_blockNumber");
                requireNear(heads);
                yield header(Math.max(0, Collections.min(heads) - blocks));
            }
        };
    }

    private static void requireNear(List<Long> blocks) throws DisagreementException {
        long oldest = Collections.min(blocks);
        long newest = Collections.max(blocks);
        if (newest - oldest > FINAL_APART_MAX) {
            throw new DisagreementException(
                    "two endpoints are at blocks "
                            + oldest
                            + " and "
                            + newest
                            + ", more than "
                            + FINAL_APART_MAX
                            + " apart");
        }
    }

    /** The block that is {@code number} now. */
    Optional<Header> header(long number) throws IOException, InterruptedException {
        var header = header(RpcValue.quantity(number));
        if (header.isPresent() && header.get().number != number) {
            throw new RpcFormatException(
                    "block", "asked for " + number + ", got " + header.get().number);
        }
        return header;
    }

    /** The block with a tag, such as {@code latest}. */
    Optional<Header> header(String tag) throws IOException, InterruptedException {
        return headerOf(rpc.call("eth_getBlockByNumber", tag, false));
    }

    private static Optional<Header> headerOf(JsonNode answer) throws RpcFormatException {
        var block = RpcValue.object(answer, "block");
        if (block.isEmpty()) {
            return Optional.empty();
        }
        var b = block.get();
        long seconds = RpcValue.number(b.path("timestamp"), "block timestamp");
        return Optional.of(
                new Header(
                        RpcValue.number(b.path("number"), "block number"),
                        RpcValue.word(b.path("hash"), "block hash"),
                        RpcValue.word(b.path("parentHash"), "block parentHash"),
                        time(seconds),
                        b.has("baseFeePerGas")
                                ? RpcValue.integer(b.get("baseFeePerGas"), "block baseFeePerGas")
                                : BigInteger.ZERO));
    }

    private static Instant time(long seconds) throws RpcFormatException {
        if (seconds > Integer.MAX_VALUE * 100L) {
            throw new RpcFormatException("block timestamp", seconds + " seconds");
        }
        return Instant.ofEpochSecond(seconds);
    }

    /** What a call would answer on {@code block}: a number, {@code latest} or {@code pending}. */
    ByteString call(Optional<Account> from, Account to, ByteString data, String block)
            throws IOException, InterruptedException {
        return RpcValue.data(
                rpc.call("eth_call", request(from, Optional.of(to), data), block), "result");
    }

    /**
     * What a call answers on the newest final block, as {@link #agreedCall} does; a single endpoint
     * need not be asked first which block that is.
     */
    ByteString finalCall(Optional<Account> from, Account to, ByteString data)
            throws IOException, InterruptedException {
        return rpc.sources() > 1
                ? agreedCall(from, to, data, finalHash())
                : call(from, to, data, finalTag());
    }

    private String finalTag() throws IOException, InterruptedException {
        return switch (finality) {
            case Finality.Tagged() -> "finalized";
            case Finality.Depth(int blocks) ->
                    blocks == 0 ? "latest" : RpcValue.quantity(finalBlock());
        };
    }

    /** The newest final block, by its hash. */
    Bytes32 finalHash() throws IOException, InterruptedException {
        return agreedFinal()
                .map(Header::hash)
                .orElseThrow(() -> new RpcFormatException("block", "no final block"));
    }

    /**
     * What a call answers on a final block, by the word of two endpoints where there are two: both
     * are asked of one block by its hash.
     */
    ByteString agreedCall(Optional<Account> from, Account to, ByteString data, Bytes32 block)
            throws IOException, InterruptedException {
        return rpc.agreed(
                result -> RpcValue.data(result, "result"),
                "eth_call",
                request(from, Optional.of(to), data),
                Map.of("blockHash", block.toString(), "requireCanonical", true));
    }

    long estimateGas(Account from, Optional<Account> to, ByteString data)
            throws IOException, InterruptedException {
        return RpcValue.number(
                rpc.call("eth_estimateGas", request(Optional.of(from), to, data), "pending"),
                "gas");
    }

    private static Map<String, String> request(
            Optional<Account> from, Optional<Account> to, ByteString data) {
        var request = new java.util.LinkedHashMap<String, String>();
        from.ifPresent(account -> request.put("from", RpcValue.hex(account.bytes())));
        to.ifPresent(account -> request.put("to", RpcValue.hex(account.bytes())));
        request.put("data", RpcValue.hex(data));
        return request;
    }

    /** How many transactions of {@code account} there are up to {@code block}: its next nonce. */
    long transactionCount(Account account, String block) throws IOException, InterruptedException {
        return RpcValue.number(
                rpc.call("eth_getTransactionCount", RpcValue.hex(account.bytes()), block), "nonce");
    }

    /** How many there are up to a final block, by the word of two endpoints where there are two. */
    long agreedTransactionCount(Account account, long block)
            throws IOException, InterruptedException {
        return rpc.agreed(
                result -> RpcValue.number(result, "nonce"),
                "eth_getTransactionCount",
                RpcValue.hex(account.bytes()),
                RpcValue.quantity(block));
    }

    /** The tip that the node advises, in wei for a unit of gas. */
    BigInteger tip() throws IOException, InterruptedException {
        return RpcValue.integer(rpc.call("eth_maxPriorityFeePerGas"), "tip");
    }

    ByteString code(Account contract) throws IOException, InterruptedException {
        return RpcValue.data(
                rpc.call("eth_getCode", RpcValue.hex(contract.bytes()), "latest"), "code");
    }

    /**
     * The receipt of a transaction as each of two endpoints has it, where there are two: empty
     * where the block that it names is not on the chain now, since nodes keep receipts of blocks
     * that were dropped.
     */
    List<Optional<Receipt>> receipts(Bytes32 transaction) throws IOException, InterruptedException {
        var told =
                rpc.told(
                        answer -> receiptOf(transaction, answer),
                        "eth_getTransactionReceipt",
                        transaction.toString());
        var receipts = new ArrayList<Optional<Receipt>>();
        for (var receipt : told) {
            boolean known = !receipts.isEmpty() && receipts.getFirst().equals(receipt);
            receipts.add(known || isOnChain(receipt) ? receipt : Optional.empty());
        }
        return receipts;
    }

    private boolean isOnChain(Optional<Receipt> receipt) throws IOException, InterruptedException {
        return receipt.isPresent()
                && header(receipt.get().block)
                        .filter(it -> it.hash.equals(receipt.get().blockHash))
                        .isPresent();
    }

    private Optional<Receipt> receiptOf(Bytes32 transaction, JsonNode answer)
            throws RpcFormatException {
        var found = RpcValue.object(answer, "receipt");
        return found.isEmpty() || found.get().path("blockNumber").isNull()
                ? Optional.empty()
                : Optional.of(receipt(transaction, found.get()));
    }

    private Receipt receipt(Bytes32 transaction, JsonNode r) throws RpcFormatException {
        if (!RpcValue.word(r.path("transactionHash"), "receipt transactionHash")
                .equals(transaction)) {
            throw new RpcFormatException("receipt", "of another transaction than " + transaction);
        }
        long block = RpcValue.number(r.path("blockNumber"), "receipt blockNumber");
        return new Receipt(
                transaction,
                block,
                RpcValue.word(r.path("blockHash"), "receipt blockHash"),
                RpcValue.number(r.path("status"), "receipt status") == 1,
                RpcValue.number(r.path("gasUsed"), "receipt gasUsed"),
                r.path("contractAddress").isString()
                        ? Optional.of(RpcValue.account(r.get("contractAddress"), "contractAddress"))
                        : Optional.empty(),
                logs(r.path("logs"), block, block));
    }

    /** The events of {@code contract} with one of {@code topics} first, in order. */
    List<Log> logs(Account contract, List<Bytes32> topics, long from, long to)
            throws IOException, InterruptedException {
        return logsOf(
                contract, rpc.call("eth_getLogs", filter(contract, topics, from, to)), from, to);
    }

    /**
     * The same of final blocks, by the word of two endpoints where there are two.
     *
     * @throws DisagreementException when one tells an event that the other does not, naming its
     *     block
     */
    List<Log> agreedLogs(Account contract, List<Bytes32> topics, long from, long to)
            throws IOException, InterruptedException {
        var told =
                rpc.told(
                        answer -> logsOf(contract, answer, from, to),
                        "eth_getLogs",
                        filter(contract, topics, from, to));
        var one = told.getFirst();
        var other = told.getLast();
        for (int i = 0; i < Math.max(one.size(), other.size()); i++) {
            if (i >= one.size() || i >= other.size() || !one.get(i).equals(other.get(i))) {
                var log = i < one.size() ? one.get(i) : other.get(i);
                throw new DisagreementException(
                        "two endpoints do not say the same of event "
                                + log.block
                                + "/"
                                + log.index
                                + " of "
                                + contract);
            }
        }
        return one;
    }

    private static Map<String, Object> filter(
            Account contract, List<Bytes32> topics, long from, long to) {
        return Map.of(
                "address", RpcValue.hex(contract.bytes()),
                "fromBlock", RpcValue.quantity(from),
                "toBlock", RpcValue.quantity(to),
                "topics", List.of(topics.stream().map(Bytes32::toString).toList()));
    }

    private List<Log> logsOf(Account contract, JsonNode answer, long from, long to)
            throws RpcFormatException {
        var logs = logs(answer, from, to);
        for (var log : logs) {
            if (!log.contract.equals(contract)) {
                throw new RpcFormatException(
                        "log", "of contract " + log.contract + ", asked for " + contract);
            }
        }
        return logs;
    }

    private List<Log> logs(JsonNode answer, long from, long to) throws RpcFormatException {
        if (!answer.isArray() || answer.size() > limits.logsMax()) {
            throw new RpcFormatException(
                    "logs",
                    "expected a list of at most " + limits.logsMax() + ", got " + answer.size());
        }
        var logs = new ArrayList<Log>();
        Log last = null;
        for (var node : answer) {
            var log = log(node);
            if (log.block < from || log.block > to) {
                throw new RpcFormatException(
                        "log", "of block " + log.block + ", asked for " + from + " to " + to);
            }
            if (last != null && !isAfter(log, last)) {
                throw new RpcFormatException(
                        "log",
                        log.block
                                + "/"
                                + log.index
                                + " comes after "
                                + last.block
                                + "/"
                                + last.index);
            }
            last = log;
            logs.add(log);
        }
        return logs;
    }

    private static boolean isAfter(Log log, Log other) {
        return log.block > other.block || (log.block == other.block && log.index > other.index);
    }

    private static Log log(JsonNode node) throws RpcFormatException {
        if (node.path("removed").asBoolean(false)) {
            throw new RpcFormatException("log", "of a block that was dropped");
        }
        var topics = new ArrayList<Bytes32>();
        for (var topic : node.path("topics")) {
            if (topics.size() == TOPICS_MAX) {
                throw new RpcFormatException("log topics", "more than " + TOPICS_MAX);
            }
            topics.add(RpcValue.word(topic, "log topic"));
        }
        long index = RpcValue.number(node.path("logIndex"), "log logIndex");
        if (index > Integer.MAX_VALUE) {
            throw new RpcFormatException("log logIndex", index + " in one block");
        }
        return new Log(
                RpcValue.account(node.path("address"), "log address"),
                RpcValue.number(node.path("blockNumber"), "log blockNumber"),
                RpcValue.word(node.path("blockHash"), "log blockHash"),
                (int) index,
                topics,
                RpcValue.data(node.path("data"), "log data"));
    }
}
