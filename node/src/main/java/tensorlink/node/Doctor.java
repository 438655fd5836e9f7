package tensorlink.node;

import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tensorlink.compute.torch.TorchEngine;
import tensorlink.node.Reachability.Finding;
import tensorlink.node.network.Membership;
import tensorlink.p2p.HostConfig;
import tensorlink.p2p.Libp2p;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.multiaddr.AddressProtocol;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.Identification;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerInfo;

/**
 * Looks whether a node would run here, before it does: in sentences, with what to do about what is
 * wrong. It changes nothing, and dials nobody but the bootstrap peers.
 */
public record Doctor(Home home, Scheduler scheduler) {
    private static final int JAVA_LEAST = 25;

    /** A model's weights are gigabytes; with less than this not even a journal is safe. */
    private static final long DISK_BYTES_LEAST = 1L << 30;

    /** This machine and the home; what of the configuration it takes to look at them. */
    public List<Finding> machine(List<Multiaddr> listen) {
        var findings = new ArrayList<Finding>();
        findings.add(java(Runtime.version().feature()));
        findings.add(natives());
        findings.add(Reachability.clock(scheduler.now()));
        findings.add(disk());
        findings.add(identity());
        boolean isRunning = Files.exists(home.apiFile());
        for (var address : listen) {
            findings.add(port(address, isRunning));
        }
        return findings;
    }

    /** The network that this home is part of, and the way into it. */
    public List<Finding> network(Network network) throws InterruptedException {
        var findings = new ArrayList<Finding>();
        findings.add(descriptor(network));
        var seeds = new ArrayList<>(network.bootstrap());
        network.membership()
                .ifPresent(member -> {
                    seeds.addAll(member.invitedTo());
                    seeds.addAll(member.seeds());
                });
        var names = network.membership().map(Membership::seedNames).orElse(List.of());
        for (var name : names) {
            findings.add(resolve(name, seeds));
        }
        if (seeds.isEmpty()) {
            if (names.isEmpty()) {
                findings.add(
                        Finding.good(
                                "bootstrap",
                                "nobody to ask first is known: right for the network's first node"
                                        + " only"));
            }
            return findings;
        }
        findings.addAll(ask(network, seeds));
        return findings;
    }

    static Finding java(int feature) {
        return feature >= JAVA_LEAST
                ? Finding.good("java", "Java " + Runtime.version())
                : Finding.bad(
                        "java",
                        "Java " + feature + ", expected " + JAVA_LEAST + " or later",
                        "install Temurin 25, or set JAVA_HOME to a JDK 25");
    }

    /** Loading is the only way to know; it takes a second or two. */
    private static Finding natives() {
        try (var _ = TorchEngine.open()) {
            return Finding.good("natives", "libtorch is loaded and ready to compute");
        } catch (IOException | RuntimeException | LinkageError missing) {
            return Finding.bad(
                    "natives",
                    "libtorch cannot be loaded: " + missing.getMessage(),
                    "a node without the role of a worker runs all the same; for a worker see that"
                            + " the machine is x86-64 or aarch64 with glibc");
        }
    }

    private Finding disk() {
        return disk(existing(home.folder()), DISK_BYTES_LEAST);
    }

    /** Where a folder is, or would be made. */
    private static Path existing(Path folder) {
        var parent = folder.getParent();
        return parent == null || Files.exists(folder) ? folder : existing(parent);
    }

    static Finding disk(Path folder, long bytesLeast) {
        try {
            if (!Files.isDirectory(folder) || !Files.isWritable(folder)) {
                return Finding.bad(
                        "disk",
                        folder + " cannot be written",
                        "give it to the user who runs the node, or say --home FOLDER");
            }
            long free = Files.getFileStore(folder).getUsableSpace();
            var sentence = folder + " has " + (free >> 20) + " MiB free";
            return free >= bytesLeast
                    ? Finding.good("disk", sentence)
                    : Finding.bad(
                            "disk",
                            sentence + ", expected " + (bytesLeast >> 20) + " MiB or more",
                            "free some, or say --home FOLDER on another disk");
        } catch (IOException unknown) {
            return Finding.bad("disk", folder + ": " + unknown.getMessage(), "");
        }
    }

    private Finding identity() {
        if (!Identity.isIn(home)) {
            return Finding.good("identity", "none yet: the first start makes one");
        }
        try {
            return Finding.good("identity", "this is " + Identity.open(home).key().peerId());
        } catch (IOException damaged) {
            return Finding.bad(
                    "identity",
                    String.valueOf(damaged.getMessage()),
                    "restore it: tensorlink identity restore FILE");
        }
    }

    /** Whether the address could be listened at now. */
    private static Finding port(Multiaddr address, boolean isRunning) {
        var host = address.host();
        var port = address.value(AddressProtocol.TCP).map(Integer::parseInt);
        if (host.isEmpty() || port.isEmpty()) {
            return Finding.good("port", address + " is not tried here");
        }
        try (var socket = new ServerSocket()) {
            socket.setReuseAddress(true);
            socket.bind(new InetSocketAddress(host.get(), port.get()));
            return Finding.good("port", address + " can be listened at");
        } catch (BindException taken) {
            return isRunning
                    ? Finding.good("port", address + " is taken, probably by this home's node")
                    : Finding.bad(
                            "port",
                            address + " cannot be listened at: " + taken.getMessage(),
                            "stop what listens there, or say --listen with another port");
        } catch (IOException failed) {
            return Finding.bad(
                    "port",
                    address + " cannot be listened at: " + failed.getMessage(),
                    "say --listen with an address of this machine");
        }
    }

    private Finding descriptor(Network network) {
        var membership = network.membership();
        if (membership.isEmpty()) {
            return Finding.good(
                    "network",
                    "\""
                            + network.name()
                            + "\", known by its name alone: everybody who knows the name can"
                            + " enter");
        }
        var known = membership.get().network();
        var sentence =
                "\""
                        + known.name()
                        + "\", id "
                        + known.id()
                        + membership
                                .get()
                                .key()
                                .map(key -> ", private, key " + key.fingerprint())
                                .orElse(", open to everybody");
        return Finding.good("network", sentence);
    }

    private static Finding resolve(Multiaddr name, List<PeerInfo> seeds) {
        try {
            var peers = Libp2p.peersBehind(name, HostConfig.defaults());
            seeds.addAll(peers);
            return Finding.good("bootstrap", name + " leads to " + peers.size() + " peers");
        } catch (IOException nobody) {
            return Finding.bad(
                    "bootstrap",
                    String.valueOf(nobody.getMessage()),
                    "see that this machine's name servers answer");
        }
    }

    /** As somebody new, who speaks only with members: this home's own node may be running. */
    private List<Finding> ask(Network network, List<PeerInfo> seeds) throws InterruptedException {
        var config = HostConfig.defaults().withListen();
        var secured = network.key().map(config::withPrivateNetwork).orElse(config);
        try (var host = Libp2p.start(KeyPair.generate(), secured)) {
            var advice =
                    new BootstrapAdvice(
                            network.name(),
                            peer ->
                                    host.peers()
                                            .identification(peer)
                                            .map(Identification::protocols)
                                            .orElse(List.of()));
            var findings = Reachability.ask(host, advice, seeds, scheduler);
            boolean anyAnswers = findings.stream().anyMatch(Finding::isGood);
            return anyAnswers ? findings.stream().map(Doctor::asIsOneOfSeveral).toList() : findings;
        } catch (IOException failed) {
            return List.of(Finding.bad("bootstrap", String.valueOf(failed.getMessage()), ""));
        }
    }

    /** One that answers is enough, so the others are no problem. */
    private static Finding asIsOneOfSeveral(Finding finding) {
        return finding.isGood()
                ? finding
                : Finding.good(finding.subject(), finding.sentence() + "; others answer");
    }

    /** What is wrong with files that could not be read. */
    public static Finding unreadable(String subject, Exception failure) {
        return Finding.bad(
                subject,
                Optional.ofNullable(failure.getMessage()).orElse(failure.toString()),
                "correct it, then look again");
    }
}
