package tensorlink.node.network;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import java.net.URI;
import java.security.SignatureException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;
import tensorlink.ledger.Account;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.evm.EvmChain;
import tensorlink.ledger.evm.EvmConfig.Deployment;
import tensorlink.ledger.smartnodes.SmartnodesConfig;
import tensorlink.node.wire.ContractTerms;
import tensorlink.node.wire.DeployedCode;
import tensorlink.node.wire.DescriptorTerms;
import tensorlink.node.wire.FileLedgerTerms;
import tensorlink.node.wire.SmartnodesTerms;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.multiformats.Sha256;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.PreSharedKey;
import tensorlink.p2p.peer.SignedEnvelope;

/**
 * A network, as its founder describes and signs it. Nothing in it is secret: a private network's
 * key is only committed to, by a hash.
 *
 * <p>The id is a hash of founder, salt and name, so nobody else can describe a network of this id.
 * The {@linkplain #label label} that is in the names of all its protocols holds a part of the id,
 * so two networks that were given the same name never mix.
 */
public final class Descriptor {
    /** What is read of one. */
    public static final int BYTES_MAX = 4 << 10;

    /** Addresses that a founder may name. */
    public static final int BOOTSTRAP_MAX = 16;

    /** Of the name, in characters. */
    public static final int NAME_LENGTH_MAX = 40;

    private static final String DOMAIN = "tensorlink network descriptor";
    private static final ByteString TYPE =
            ByteString.copyFromUtf8("/tensorlink/network-descriptor/1");
    private static final int SALT_BYTES = 16;
    private static final int HASH_BYTES = 32;
    private static final int ID_LENGTH = 26;
    private static final int LABEL_ID_LENGTH = 8;

    private final SignedEnvelope envelope;
    private final Terms terms;
    private final String id;

    private Descriptor(SignedEnvelope envelope, Terms terms) {
        this.envelope = envelope;
        this.terms = terms;
        var founder = envelope.signer().encode();
        var name = ByteString.copyFromUtf8(terms.name());
        this.id =
                CopySafeText.encode(sha256("network id", founder.concat(terms.salt()).concat(name)))
                        .substring(0, ID_LENGTH);
    }

    /**
     * What a founder decides.
     *
     * @param name for people: 1 to {@value #NAME_LENGTH_MAX} of a-z, 0-9, dot and dash
     * @param salt 16 random bytes, which tell networks of one founder and name apart
     * @param founded to the millisecond
     * @param bootstrap where to ask first; full addresses, or {@code /dnsaddr} names
     * @param keyCommitment the hash of a private network's key; empty for a public one
     */
    public record Terms(
            String name,
            ByteString salt,
            Instant founded,
            List<Multiaddr> bootstrap,
            Optional<ByteString> keyCommitment,
            Optional<LedgerTerms> ledger) {
        public Terms {
            bootstrap = List.copyOf(bootstrap);
            if (!name.matches("[a-z0-9][a-z0-9.-]{0," + (NAME_LENGTH_MAX - 1) + "}")) {
                throw new IllegalArgumentException(
                        "network name \""
                                + name
                                + "\": 1 to "
                                + NAME_LENGTH_MAX
                                + " of a-z, 0-9, dot and dash, a letter or digit first");
            }
            requireSize("salt", salt, SALT_BYTES);
            keyCommitment.ifPresent(hash -> requireSize("key commitment", hash, HASH_BYTES));
            if (bootstrap.size() > BOOTSTRAP_MAX) {
                throw new IllegalArgumentException(
                        bootstrap.size() + " bootstrap addresses, limit " + BOOTSTRAP_MAX);
            }
        }

        /** A network open to everybody, without addresses and without a ledger. */
        public static Terms open(String name, Instant now, RandomGenerator random) {
            var salt = new byte[SALT_BYTES];
            random.nextBytes(salt);
            return new Terms(
                    name,
                    ByteString.copyFrom(salt),
                    Instant.ofEpochMilli(now.toEpochMilli()),
                    List.of(),
                    Optional.empty(),
                    Optional.empty());
        }

        /** The same, for those who have {@code key} only. */
        public Terms closed(PreSharedKey key) {
            return new Terms(name, salt, founded, bootstrap, Optional.of(commitment(key)), ledger);
        }

        public Terms bootstrap(List<Multiaddr> addresses) {
            return new Terms(name, salt, founded, addresses, keyCommitment, ledger);
        }

        public Terms ledger(LedgerTerms kept) {
            return new Terms(name, salt, founded, bootstrap, keyCommitment, Optional.of(kept));
        }

        private static void requireSize(String what, ByteString value, int bytes) {
            if (value.size() != bytes) {
                throw new IllegalArgumentException(
                        what + " of " + value.size() + " bytes, expected " + bytes);
            }
        }
    }

    /** Founds a network: signs {@code terms}. */
    public static Descriptor found(KeyPair founder, Terms terms) {
        return new Descriptor(
                SignedEnvelope.seal(founder, DOMAIN, TYPE, encode(terms).toByteString()), terms);
    }

    /**
     * Reads a description.
     *
     * @throws NetworkException when it is too long, malformed or not signed
     */
    public static Descriptor decode(ByteString bytes) throws NetworkException {
        if (bytes.size() > BYTES_MAX) {
            throw new NetworkException(
                    "network description of " + bytes.size() + " bytes, limit " + BYTES_MAX);
        }
        try {
            var envelope = SignedEnvelope.open(bytes, DOMAIN, TYPE);
            return new Descriptor(envelope, terms(DescriptorTerms.parseFrom(envelope.payload())));
        } catch (SignatureException
                | InvalidProtocolBufferException
                | IllegalArgumentException wrong) {
            throw new NetworkException("not a network's description: " + wrong.getMessage(), wrong);
        }
    }

    /** The form in which it is kept and passed on. */
    public ByteString encode() {
        return envelope.encode();
    }

    public Terms terms() {
        return terms;
    }

    /** What people call it. */
    public String name() {
        return terms.name();
    }

    /** What tells it from every other network: 26 letters and digits. */
    public String id() {
        return id;
    }

    /** Name and the start of the id: the network's part of all protocol names. */
    public String label() {
        return name() + "-" + id.substring(0, LABEL_ID_LENGTH);
    }

    /** What all its protocols begin with. */
    public String prefix() {
        return "/tensorlink/" + label();
    }

    public PeerId founder() {
        return envelope.signer().peerId();
    }

    /** Whether only those who have its key can be part of it. */
    public boolean isPrivate() {
        return terms.keyCommitment().isPresent();
    }

    /** Whether {@code key} is the one that this private network was founded with. */
    public boolean isKey(PreSharedKey key) {
        return terms.keyCommitment().equals(Optional.of(commitment(key)));
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Descriptor that && envelope.equals(that.envelope);
    }

    @Override
    public int hashCode() {
        return envelope.hashCode();
    }

    @Override
    public String toString() {
        return label() + " by " + founder().shortText();
    }

    private static ByteString commitment(PreSharedKey key) {
        return sha256("network key", key.secret());
    }

    static ByteString sha256(String purpose, ByteString content) {
        return Sha256.of(ByteString.copyFromUtf8("tensorlink " + purpose + "\0").concat(content));
    }

    private static DescriptorTerms encode(Terms terms) {
        var message =
                DescriptorTerms.newBuilder()
                        .setName(terms.name())
                        .setSalt(terms.salt())
                        .setFoundedMillis(terms.founded().toEpochMilli());
        terms.bootstrap().forEach(address -> message.addBootstrap(address.bytes()));
        terms.keyCommitment().ifPresent(message::setKeyCommitment);
        terms.ledger()
                .ifPresent(ledger -> {
                    switch (ledger) {
                        case LedgerTerms.File(var issuer) ->
                                message.setFile(
                                        FileLedgerTerms.newBuilder().setIssuer(issuer.bytes()));
                        case LedgerTerms.Contract contract -> message.setContract(encode(contract));
                        case LedgerTerms.Smartnodes(var contracts) ->
                                message.setSmartnodes(encode(contracts));
                    }
                });
        return message.build();
    }

    private static ContractTerms encode(LedgerTerms.Contract contract) {
        return ContractTerms.newBuilder()
                .setChainId(contract.chainId())
                .setAddress(contract.address().bytes())
                .setCodeHash(contract.codeHash())
                .setBlock(contract.block())
                .addAllEndpoints(contract.endpoints().stream().map(URI::toString).toList())
                .build();
    }

    private static SmartnodesTerms encode(SmartnodesConfig contracts) {
        return SmartnodesTerms.newBuilder()
                .setChainId(contracts.chain().chainId())
                .setCore(encode(contracts.core()))
                .setCoordinator(encode(contracts.coordinator()))
                .setToken(encode(contracts.token()))
                .addAllEndpoints(contracts.chain().endpoints().stream().map(URI::toString).toList())
                .build();
    }

    private static DeployedCode encode(Deployment contract) {
        return DeployedCode.newBuilder()
                .setAddress(contract.address().bytes())
                .setCodeHash(contract.codeHash().bytes())
                .setBlock(contract.block())
                .build();
    }

    private static Deployment deployment(DeployedCode contract) {
        return new Deployment(
                new Account(contract.getAddress()),
                new Bytes32(contract.getCodeHash()),
                contract.getBlock());
    }

    private static Terms terms(DescriptorTerms message) {
        if (message.getBootstrapCount() > BOOTSTRAP_MAX) {
            throw new IllegalArgumentException(
                    message.getBootstrapCount() + " bootstrap addresses, limit " + BOOTSTRAP_MAX);
        }
        var bootstrap = new ArrayList<Multiaddr>();
        for (var address : message.getBootstrapList()) {
            bootstrap.add(Multiaddr.decode(address));
        }
        var commitment = message.getKeyCommitment();
        return new Terms(
                message.getName(),
                message.getSalt(),
                Instant.ofEpochMilli(message.getFoundedMillis()),
                bootstrap,
                commitment.isEmpty() ? Optional.empty() : Optional.of(commitment),
                ledger(message));
    }

    private static Optional<LedgerTerms> ledger(DescriptorTerms message) {
        return switch (message.getLedgerCase()) {
            case FILE ->
                    Optional.of(new LedgerTerms.File(new Account(message.getFile().getIssuer())));
            case CONTRACT -> {
                var contract = message.getContract();
                yield Optional.of(
                        new LedgerTerms.Contract(
                                contract.getChainId(),
                                new Account(contract.getAddress()),
                                contract.getCodeHash(),
                                contract.getBlock(),
                                contract.getEndpointsList().stream().map(URI::create).toList()));
            }
            case SMARTNODES -> {
                var smartnodes = message.getSmartnodes();
                var endpoints = smartnodes.getEndpointsList().stream().map(URI::create).toList();
                yield Optional.of(
                        new LedgerTerms.Smartnodes(
                                new SmartnodesConfig(
                                        EvmChain.of(smartnodes.getChainId(), endpoints),
                                        deployment(smartnodes.getCore()),
                                        deployment(smartnodes.getCoordinator()),
                                        deployment(smartnodes.getToken()))));
            }
            case LEDGER_NOT_SET -> Optional.empty();
        };
    }
}
