package tensorlink.node;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tensorlink.jobs.message.Protocols;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.Domain;
import tensorlink.ledger.evm.EvmChain;
import tensorlink.ledger.evm.EvmConfig;
import tensorlink.ledger.smartnodes.SmartnodesConfig;
import tensorlink.node.network.Invitation;
import tensorlink.node.network.LedgerTerms;
import tensorlink.node.network.Membership;
import tensorlink.node.network.NetworkException;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.PeerInfo;
import tensorlink.p2p.peer.PreSharedKey;

/**
 * A network to join: its name, which all its members share, and peers to ask first.
 *
 * @param name 1 to 64 of a-z, 0-9, dot and dash
 * @param bootstrap asked besides those that the membership names; may be empty, for the network's
 *     first node
 * @param membership of a network with a founder; empty for one that is only a name
 * @param looksAround whether to find and be found by multicast DNS on the local network
 * @param presence how a node that joins is there for the others
 */
public record Network(
        String name,
        List<PeerInfo> bootstrap,
        Optional<Membership> membership,
        boolean looksAround,
        Presence presence) {
    public Network {
        bootstrap = List.copyOf(bootstrap);
        new Protocols(name); // says what is wrong with a name
        if (membership.isPresent() && !membership.get().network().label().equals(name)) {
            throw new IllegalArgumentException(
                    "network " + name + " is not " + membership.get().network().label());
        }
    }

    /** A network without peers to ask: its first node. */
    public static Network named(String name) {
        return new Network(name, List.of(), Optional.empty(), false, Presence.defaults());
    }

    /** The network that a node is part of. */
    public static Network of(Membership membership) {
        return new Network(
                membership.network().label(),
                List.of(),
                Optional.of(membership),
                false,
                Presence.defaults());
    }

    /**
     * The network that an invitation leads to.
     *
     * @throws NetworkException when it is damaged or has expired
     */
    public static Network invited(String invitation) throws NetworkException {
        var read = Invitation.parse(invitation);
        read.requireGood(Scheduler.system().now());
        return of(Membership.by(read));
    }

    /**
     * The same network, asking these peers first.
     *
     * @param addresses each as {@code /ip4/ADDRESS/tcp/PORT/p2p/ID}
     * @throws IllegalArgumentException for anything else
     */
    public Network bootstrap(String... addresses) {
        return bootstrap(List.of(addresses).stream().map(PeerInfo::parse).toList());
    }

    /** The same network, asking these peers first. */
    public Network via(PeerInfo... peers) {
        return bootstrap(List.of(peers));
    }

    private Network bootstrap(List<PeerInfo> peers) {
        return new Network(name, peers, membership, looksAround, presence);
    }

    /** The same network, also looking for its nodes on the local network. */
    public Network lookingAround(boolean looks) {
        return new Network(name, bootstrap, membership, looks, presence);
    }

    /** The same network, for a node that is there in this way. */
    public Network presence(Presence changed) {
        return new Network(name, bootstrap, membership, looksAround, changed);
    }

    /** Where the network keeps who owes whom, as far as its founder has said so. */
    public Optional<LedgerTerms> ledger() {
        return membership.flatMap(member -> member.network().terms().ledger());
    }

    /** In which messages to the network's ledger are signed. */
    public Domain domain() {
        return onChain().map(EvmConfig::domain).orElseGet(() -> Domain.privateNetwork(name));
    }

    /** The contract that is the network's ledger, if one is. */
    Optional<EvmConfig> onChain() {
        return ledger().orElse(null) instanceof LedgerTerms.Contract contract
                ? Optional.of(
                        new EvmConfig(
                                name,
                                EvmChain.of(contract.chainId(), contract.endpoints()),
                                new EvmConfig.Deployment(
                                        contract.address(),
                                        new Bytes32(contract.codeHash()),
                                        contract.block())))
                : Optional.empty();
    }

    /** The Smartnodes contracts, where they say who validates. */
    Optional<SmartnodesConfig> smartnodes() {
        return ledger().orElse(null) instanceof LedgerTerms.Smartnodes(var contracts)
                ? Optional.of(contracts)
                : Optional.empty();
    }

    /**
     * Whether others may ask {@code self} for the way. A profile may spare it that, but not the
     * node that knows nobody: it is the network's first, and there is nobody else to ask.
     */
    Serving serving(PeerId self) {
        return knowsOthers(self) ? presence.servingAsProfiled() : presence.serving();
    }

    private boolean knowsOthers(PeerId self) {
        var named = new ArrayList<>(bootstrap);
        membership.ifPresent(member -> {
            named.addAll(member.invitedTo());
            named.addAll(member.seeds());
        });
        boolean hasNames = membership.filter(member -> !member.seedNames().isEmpty()).isPresent();
        return hasNames || named.stream().anyMatch(peer -> !peer.id().equals(self));
    }

    /** What its members share; empty when everybody can be one. */
    public Optional<PreSharedKey> key() {
        return membership.flatMap(Membership::key);
    }
}
