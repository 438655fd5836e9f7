package tensorlink.p2p.mdns;

import com.google.protobuf.ByteString;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;
import tensorlink.p2p.multiaddr.AddressProtocol;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.PeerInfo;
import tensorlink.p2p.peer.PreSharedKey;

/**
 * What libp2p says in multicast DNS: the service is asked for, a pointer leads to a name that a
 * peer has made up for itself, and texts under that name are its addresses. Pure.
 */
final class Discovery {
    /** Peers that one packet may name. */
    static final int PEERS_MAX = 8;

    /** Addresses of one peer. */
    static final int ADDRESSES_MAX = 8;

    private static final String SERVICES = "_services._dns-sd._udp.local";
    private static final String TEXT_START = "dnsaddr=";
    private static final int INSTANCE_LENGTH = 32;
    private static final String DIGITS = "abcdefghijklmnopqrstuvwxyz0123456789";

    private final String service;
    private final String instance;
    private final boolean isPrivate;
    private final Predicate<InetAddress> isNear;

    /**
     * @param key of a private network
     * @param isNear whether an address is on a network that this machine is on too
     */
    Discovery(Optional<PreSharedKey> key, Predicate<InetAddress> isNear, RandomGenerator random) {
        this.service = service(key);
        this.isPrivate = key.isPresent();
        this.isNear = isNear;
        var name = new StringBuilder();
        for (int i = 0; i < INSTANCE_LENGTH; i++) {
            name.append(DIGITS.charAt(random.nextInt(DIGITS.length())));
        }
        this.instance = name + "." + service;
    }

    private static String service(Optional<PreSharedKey> key) {
        return key.map(secret -> "_p2p-" + secret.fingerprint()).orElse("_p2p") + "._udp.local";
    }

    DnsMessage question() {
        return DnsMessage.question(service);
    }

    /**
     * What to answer.
     *
     * @param self with the addresses at which it listens; those that lead nowhere from the local
     *     network are left out
     * @return empty when nobody asked for us, or there is nothing to tell
     */
    Optional<DnsMessage> answer(DnsMessage question, PeerInfo self) {
        if (question.isAnswer()) {
            return Optional.empty();
        }
        boolean isAsked = false;
        boolean isListed = false;
        for (var asked : question.questions()) {
            isAsked |= asked.isForPointers() && asked.name().equals(service);
            isListed |= asked.isForPointers() && asked.name().equals(SERVICES) && !isPrivate;
        }
        var texts = new ArrayList<ByteString>();
        for (var address : self.addresses()) {
            var text =
                    ByteString.copyFromUtf8(
                            TEXT_START + address.with(AddressProtocol.P2P, self.id().toString()));
            if (isNear(address)
                    && texts.size() < ADDRESSES_MAX
                    && text.size() <= DnsMessage.TEXT_BYTES_MAX) {
                texts.add(text);
            }
        }
        if (texts.isEmpty()) {
            return Optional.empty();
        }
        var records = new ArrayList<DnsMessage.Entry>();
        if (isListed) {
            records.add(new DnsMessage.Entry.Pointer(SERVICES, service));
        }
        if (isAsked) {
            records.add(new DnsMessage.Entry.Pointer(service, instance));
            records.add(new DnsMessage.Entry.Texts(instance, texts));
        }
        return records.isEmpty()
                ? Optional.empty()
                : Optional.of(new DnsMessage(true, List.of(), records));
    }

    /**
     * Whom an answer names, at most {@value #PEERS_MAX} of them: names under the service, and of
     * their texts those that are near addresses of one and the same peer. Ourselves we do not hear.
     */
    List<PeerInfo> heard(DnsMessage answer) {
        var names = new HashSet<String>();
        for (var entry : answer.records()) {
            if (answer.isAnswer()
                    && entry instanceof DnsMessage.Entry.Pointer(var name, var target)
                    && name.equals(service)
                    && target.endsWith("." + service)
                    && !target.equals(instance)) {
                names.add(target);
            }
        }
        Map<String, PeerInfo> peers = new LinkedHashMap<>();
        for (var entry : answer.records()) {
            if (entry instanceof DnsMessage.Entry.Texts(var name, var texts)
                    && names.contains(name)
                    && (peers.containsKey(name) || peers.size() < PEERS_MAX)) {
                for (var text : texts) {
                    address(text).ifPresent(it -> peers.merge(name, it, Discovery::joined));
                }
            }
        }
        return List.copyOf(peers.values());
    }

    private static PeerInfo joined(PeerInfo known, PeerInfo more) {
        if (!known.id().equals(more.id()) || known.addresses().size() >= ADDRESSES_MAX) {
            return known;
        }
        var addresses = new ArrayList<>(known.addresses());
        addresses.addAll(more.addresses());
        return new PeerInfo(known.id(), addresses.stream().distinct().toList());
    }

    private Optional<PeerInfo> address(ByteString text) {
        if (!text.startsWith(ByteString.copyFromUtf8(TEXT_START))) {
            return Optional.empty();
        }
        try {
            var peer = PeerInfo.parse(text.substring(TEXT_START.length()).toStringUtf8());
            return Optional.of(peer)
                    .filter(it -> !it.addresses().isEmpty() && isNear(it.addresses().getFirst()));
        } catch (IllegalArgumentException unknown) {
            return Optional.empty();
        }
    }

    private boolean isNear(Multiaddr address) {
        return !address.isLoopback()
                && !address.isUnspecified()
                && !address.has(AddressProtocol.P2P_CIRCUIT)
                && address.host().filter(isNear).isPresent();
    }

    /** Under which name we are known. */
    String instance() {
        return instance;
    }
}
