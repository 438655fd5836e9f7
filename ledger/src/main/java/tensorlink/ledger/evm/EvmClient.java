package tensorlink.ledger.evm;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tensorlink.ledger.Account;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.Cursor;
import tensorlink.ledger.LedgerException;
import tensorlink.ledger.evm.EvmConfig.Deployment;

/**
 * Contracts of any kind on a chain, for one account: questions to them, transactions that are final
 * when they are answered, and their events.
 *
 * <p>Safe for use by several threads; each call blocks.
 */
public final class EvmClient implements AutoCloseable {
    private static final int GAS_PERCENT = 120;

    private final Connection connection;
    private final Chain chain;
    private final Sender sender;
    private final Pause pause;

    /** What a contract says to a question. */
    public sealed interface Answer {
        record Returned(AbiReader values) implements Answer {}

        /**
         * It refuses.
         *
         * @param data of its error: four bytes that name it, then its arguments; empty for none
         */
        record Reverted(ByteString data) implements Answer {}
    }

    /** What became of a transaction. */
    public sealed interface Sent {

        /** It is final and did what it says; {@code events} are those of all contracts. */
        record Done(Bytes32 transaction, long block, long gasUsed, List<Event> events)
                implements Sent {
            public Done {
                events = List.copyOf(events);
            }
        }

        /** It did nothing; {@code data} is as in {@link Answer.Reverted}. */
        record Reverted(ByteString data) implements Sent {}
    }

    /** An event of a contract; the first topic is the hash of its signature. */
    public record Event(Cursor at, Account contract, List<Bytes32> topics, ByteString data) {
        public Event {
            topics = List.copyOf(topics);
        }

        private static Event of(Chain.Log log) {
            var at = new Cursor(log.block(), log.index());
            return new Event(at, log.contract(), log.topics(), log.data());
        }
    }

    private EvmClient(Connection connection, Chain chain, Sender sender, Pause pause) {
        this.connection = connection;
        this.chain = chain;
        this.sender = sender;
        this.pause = pause;
    }

    /**
     * Opens the chain and takes up what an earlier run has sent and not seen final.
     *
     * @param contracts that each endpoint must show before it is asked anything
     * @param account pays for gas and is whom the contracts see; used by nobody else on this chain
     */
    public static EvmClient open(
            EvmChain where, List<Deployment> contracts, EvmAccount account, Pause pause)
            throws IOException, InterruptedException {
        var connection = Connection.open(where, contracts);
        try {
            var chain = new Chain(connection.rpc(), where.finality(), where.limits());
            var key = account.key();
            var journal = SenderJournal.open(account.journal(), where.chainId(), key.account());
            var around = new Sender.Surroundings(chain, where.chainId(), pause);
            var sender = new Sender(around, key, account.settings(), journal);
            try {
                sender.resume();
                return new EvmClient(connection, chain, sender, pause);
            } catch (IOException | InterruptedException | RuntimeException e) {
                try (sender) {
                    throw e;
                }
            }
        } catch (IOException | InterruptedException | RuntimeException e) {
            try (connection) {
                throw e;
            }
        }
    }

    public Account account() {
        return sender.account();
    }

    /**
     * What {@code contract} says to a call, as of the newest final block, by the word of two
     * endpoints where there are two.
     */
    public Answer ask(Account contract, ByteString call) throws IOException, InterruptedException {
        return answer(() -> chain.finalCall(Optional.of(account()), contract, call));
    }

    /** What {@code contract} would say in the next block, final or not. */
    public Answer askNext(Account contract, ByteString call)
            throws IOException, InterruptedException {
        return ask(contract, call, "pending");
    }

    private Answer ask(Account contract, ByteString call, String block)
            throws IOException, InterruptedException {
        return answer(() -> chain.call(Optional.of(account()), contract, call, block));
    }

    private interface Call {
        ByteString result() throws IOException, InterruptedException;
    }

    private static Answer answer(Call call) throws IOException, InterruptedException {
        try {
            return new Answer.Returned(new AbiReader("answer", call.result()));
        } catch (RpcErrorException e) {
            return new Answer.Reverted(revert(e));
        }
    }

    /** Sends a call that the contract would accept now, and waits until it is final. */
    public Sent send(Account contract, ByteString call) throws IOException, InterruptedException {
        long gas;
        try {
            gas = chain.estimateGas(account(), Optional.of(contract), call);
        } catch (RpcErrorException e) {
            return new Sent.Reverted(revert(e));
        }
        var receipt = sender.send(Optional.of(contract), call, withMargin(gas));
        if (!receipt.succeeded()) {
            var again = ask(contract, call, RpcValue.quantity(receipt.block()));
            return switch (again) {
                case Answer.Reverted(var data) -> new Sent.Reverted(data);
                case Answer.Returned _ -> new Sent.Reverted(ByteString.EMPTY);
            };
        }
        var events = new ArrayList<Event>();
        for (var log : receipt.logs()) {
            events.add(Event.of(log));
        }
        return new Sent.Done(receipt.transaction(), receipt.block(), receipt.gasUsed(), events);
    }

    /** Deploys {@code code}, with the arguments of its constructor behind, until it is final. */
    public Deployment deploy(ByteString code) throws IOException, InterruptedException {
        long gas = chain.estimateGas(account(), Optional.empty(), code);
        var receipt = sender.send(Optional.empty(), code, withMargin(gas));
        var address =
                receipt.created()
                        .filter(_ -> receipt.succeeded())
                        .orElseThrow(() ->
                                new LedgerException(
                                        "the deployment failed: " + receipt.transaction()));
        return new Deployment(address, Bytes32.keccak(chain.code(address)), receipt.block());
    }

    /** A refusal of the contract; any other means that it could not be asked. */
    private static ByteString revert(RpcErrorException e) throws LedgerException {
        if (e.revertData().isPresent()) {
            return e.revertData().get();
        }
        if (String.valueOf(e.getMessage()).contains("revert")) {
            return ByteString.EMPTY; // nodes leave out data that is empty
        }
        throw new LedgerException("the chain cannot be asked: " + e.getMessage(), e);
    }

    private static long withMargin(long gas) {
        return gas * GAS_PERCENT / 100;
    }

    /** The number of the newest block that is final for two endpoints, where there are two. */
    public long finalBlock() throws IOException, InterruptedException {
        return chain.agreedFinal().map(Chain.Header::number).orElse(0L);
    }

    /** Tells when to look for events again. */
    public NewHeads newHeads() throws InterruptedException {
        return new NewHeads(connection, pause);
    }

    /**
     * What a contract told in some final blocks, where the first topic is one of {@code topics}, by
     * the word of two endpoints where there are two.
     */
    public List<Event> events(Account contract, List<Bytes32> topics, long first, long last)
            throws IOException, InterruptedException {
        var events = new ArrayList<Event>();
        LogScan.scan(
                first,
                last,
                (from, to) -> chain.agreedLogs(contract, topics, from, to),
                log -> events.add(Event.of(log)));
        return events;
    }

    /** Lets go of the chain; what was sent stays in the journal until it is seen final. */
    @Override
    public void close() throws IOException {
        try (connection) {
            sender.close();
        }
    }
}
