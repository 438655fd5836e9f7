package tensorlink.ledger.evm;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.evm.EvmConfig.Deployment;
import tools.jackson.databind.JsonNode;

/**
 * Several endpoints of one chain as one. The first that answers is asked until it fails; then the
 * next one is, and so on around the list.
 *
 * <p>An endpoint is asked nothing before it has shown the right chain and the right contract, and
 * again after each failure and on each new connection, since another machine may answer then. A
 * refusal ({@link RpcErrorException}) is an answer: asking elsewhere would only hide it.
 */
final class Endpoints implements Rpc {
    private static final Logger log = LoggerFactory.getLogger(Endpoints.class);
    private static final int SOURCES = 2;

    /** What an endpoint must show: the chain, and its contracts except those yet to be deployed. */
    record Expected(long chainId, List<Deployment> contracts) {
        Expected {
            contracts = List.copyOf(contracts);
        }

        Expected(long chainId, Optional<Deployment> contract) {
            this(chainId, contract.stream().toList());
        }
    }

    private final Expected expected;
    private final List<Endpoint> endpoints;
    private final AtomicInteger preferred = new AtomicInteger();

    private static final class Endpoint {
        private final Rpc rpc;

        /** The session that has shown chain and contracts. */
        private volatile @Nullable Rpc trusted;

        Endpoint(Rpc rpc) {
            this.rpc = rpc;
        }

        @SuppressWarnings("ReferenceEquality") // this connection, not one that is like it
        boolean trusts(Rpc session) {
            return session == trusted;
        }
    }

    Endpoints(Expected expected, List<? extends Rpc> endpoints) {
        if (endpoints.isEmpty()) {
            throw new IllegalArgumentException("no endpoints");
        }
        this.expected = expected;
        this.endpoints = endpoints.stream().map(Endpoint::new).toList();
    }

    @Override
    public JsonNode call(String method, Object... params) throws IOException, InterruptedException {
        int first = preferred.get();
        var failures = new ArrayList<IOException>();
        for (int i = 0; i < endpoints.size(); i++) {
            int index = (first + i) % endpoints.size();
            try {
                var result = ask(endpoints.get(index), method, params);
                preferred.compareAndSet(first, index);
                return result;
            } catch (RpcTransportException | WrongChainException e) {
                log.debug("endpoint {} of {} fails", index + 1, endpoints.size(), e);
                failures.add(e);
            }
        }
        var failure = failures.removeFirst();
        failures.forEach(failure::addSuppressed);
        throw failure;
    }

    /** Two must answer: one that cannot be reached would otherwise leave the word to a liar. */
    @Override
    public int sources() {
        return Math.min(endpoints.size(), SOURCES);
    }

    @Override
    public <T> List<T> told(Reading<T> reading, String method, Object... params)
            throws IOException, InterruptedException {
        if (sources() == 1) {
            return List.of(reading.read(call(method, params)));
        }
        int first = preferred.get();
        var told = new ArrayList<T>();
        var refusals = new ArrayList<RpcErrorException>();
        var failures = new ArrayList<IOException>();
        for (int i = 0; i < endpoints.size() && told.size() + refusals.size() < SOURCES; i++) {
            var endpoint = endpoints.get((first + i) % endpoints.size());
            try {
                told.add(reading.read(ask(endpoint, method, params)));
            } catch (RpcErrorException e) {
                refusals.add(e);
            } catch (RpcTransportException | WrongChainException e) {
                failures.add(e);
            }
        }
        int answers = told.size() + refusals.size();
        if (answers < SOURCES) {
            var failure =
                    new RpcTransportException(
                            answers + " of " + SOURCES + " endpoints answer", null);
            failures.forEach(failure::addSuppressed);
            throw failure;
        }
        if (told.isEmpty()) {
            throw refusals.getFirst();
        }
        if (!refusals.isEmpty()) {
            throw new DisagreementException(
                    "one of two endpoints refuses "
                            + method
                            + ": "
                            + refusals.getFirst().getMessage());
        }
        return told;
    }

    @Override
    public void tellAll(String method, Object... params) throws InterruptedException {
        for (var endpoint : endpoints) {
            try {
                ask(endpoint, method, params);
            } catch (IOException e) {
                log.debug("{} refused", method, e);
            }
        }
    }

    private JsonNode ask(Endpoint endpoint, String method, Object... params)
            throws IOException, InterruptedException {
        var session = endpoint.rpc.session();
        if (!endpoint.trusts(session)) {
            check(session);
            endpoint.trusted = session;
        }
        try {
            return session.call(method, params);
        } catch (RpcTransportException e) {
            endpoint.trusted = null;
            throw e;
        }
    }

    private void check(Rpc rpc) throws IOException, InterruptedException {
        long chainId = RpcValue.number(rpc.call("eth_chainId"), "chain id");
        if (chainId != expected.chainId()) {
            throw new WrongChainException(
                    rpc + " serves chain " + chainId + ", expected " + expected.chainId());
        }
        for (var contract : expected.contracts()) {
            check(rpc, contract);
        }
    }

    private static void check(Rpc rpc, Deployment contract)
            throws IOException, InterruptedException {
        var address = RpcValue.hex(contract.address().bytes());
        var code = RpcValue.data(rpc.call("eth_getCode", address, "latest"), "code");
        var hash = Bytes32.keccak(code);
        if (!hash.equals(contract.codeHash())) {
            throw new WrongChainException(
                    rpc
                            + " has code "
                            + hash
                            + " at "
                            + contract.address()
                            + ", expected "
                            + contract.codeHash());
        }
    }
}
