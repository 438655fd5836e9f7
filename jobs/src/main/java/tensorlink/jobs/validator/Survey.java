package tensorlink.jobs.validator;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.jobs.exchange.Asker;
import tensorlink.jobs.job.JobLimits;
import tensorlink.jobs.market.Capability;
import tensorlink.jobs.message.Answer;
import tensorlink.jobs.message.Question;
import tensorlink.jobs.message.SealException;
import tensorlink.jobs.party.Party;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.PeerInfo;

/** Asks workers what they offer, all at the same time. */
record Survey(Party party, Asker asker, JobLimits limits) {
    private static final Logger log = LoggerFactory.getLogger(Survey.class);

    /** A worker that has answered, and how to reach it. */
    record Offering(PeerInfo worker, Capability capability) {}

    /** Those that answer in time. */
    Map<PeerId, Offering> of(List<PeerInfo> workers) throws InterruptedException {
        var answers = new HashMap<PeerId, Offering>();
        var lock = new ReentrantLock();
        var asking = new ArrayList<Thread>();
        for (var worker : workers) {
            asking.add(
                    party.scheduler()
                            .fork(
                                    "capability-" + worker.id().shortText(),
                                    () -> {
                                        var capability = ask(worker);
                                        if (capability != null) {
                                            lock.lock();
                                            try {
                                                answers.put(
                                                        worker.id(),
                                                        new Offering(worker, capability));
                                            } finally {
                                                lock.unlock();
                                            }
                                        }
                                    }));
        }
        for (var thread : asking) {
            thread.join();
        }
        return answers;
    }

    private @Nullable Capability ask(PeerInfo worker) {
        try {
            party.host().peers().add(worker);
            var nonce = party.seals().nonce();
            var told =
                    asker.ask(
                            worker.id(),
                            new Question.AskCapability(nonce),
                            limits.capabilityTimeout(),
                            Answer.CapabilityTold.class);
            var capability = party.seals().openCapability(told.envelope(), nonce);
            return capability.signer().equals(worker.id()) ? capability.content() : null;
        } catch (SealException forged) {
            log.warn("worker {}: {}", worker.id().shortText(), forged.getMessage());
        } catch (IOException silent) {
            log.debug("worker {}: {}", worker.id().shortText(), silent.getMessage());
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
        return null;
    }
}
