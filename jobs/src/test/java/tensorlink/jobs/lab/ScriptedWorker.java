package tensorlink.jobs.lab;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import tensorlink.jobs.exchange.Answerer;
import tensorlink.jobs.market.Admission;
import tensorlink.jobs.market.Capability;
import tensorlink.jobs.market.Offer;
import tensorlink.jobs.message.Answer;
import tensorlink.jobs.message.Command;
import tensorlink.jobs.message.FrameStream;
import tensorlink.jobs.message.Hello;
import tensorlink.jobs.message.Question;
import tensorlink.jobs.message.Report;
import tensorlink.jobs.message.TensorFrame;
import tensorlink.jobs.party.Directory;
import tensorlink.jobs.party.Party;
import tensorlink.jobs.pipeline.Slot;
import tensorlink.ledger.AccountKey;
import tensorlink.ledger.Amount;
import tensorlink.p2p.core.Stream;
import tensorlink.p2p.peer.PeerId;

/**
 * A worker that lends and accepts as a real one, and then plays a script.
 *
 * <p>The control stream runs the script; each stage stream that comes is welcomed and waits in a
 * slot for the script to use it.
 */
public final class ScriptedWorker implements Answerer {
    private final Party party;
    private final long memoryBytes;
    private final Amount price;
    private final Consideration consideration;
    private final Script script;
    private final AtomicInteger offers = new AtomicInteger();
    private final AtomicInteger released = new AtomicInteger();
    private final Slot<FrameStream> input = new Slot<>();
    private final Slot<FrameStream> output = new Slot<>();

    /** What the worker does with its control stream; when it returns the stream is closed. */
    public interface Script {
        void play(Control control) throws IOException, InterruptedException;
    }

    /** How it answers offers. */
    public interface Consideration {
        Admission consider(Offer offer) throws InterruptedException;
    }

    private ScriptedWorker(
            Party party,
            long memoryBytes,
            Amount price,
            Consideration consideration,
            Script script) {
        this.party = party;
        this.memoryBytes = memoryBytes;
        this.price = price;
        this.consideration = consideration;
        this.script = script;
    }

    /** A worker that accepts what it is offered; it lends twice what real ones do. */
    public static ScriptedWorker accepting(Lab lab, Script script)
            throws IOException, InterruptedException {
        return accepting(lab, Amount.ZERO, script);
    }

    /** The same for a price. */
    public static ScriptedWorker accepting(Lab lab, Amount price, Script script)
            throws IOException, InterruptedException {
        var party = lab.party();
        return start(
                lab,
                new ScriptedWorker(
                        party,
                        2 * Lab.MEMORY_BYTES,
                        price,
                        _ ->
                                new Admission.Accepted(
                                        party.scheduler().now().plus(lab.limits().reservation()),
                                        party.account().account(),
                                        price),
                        script));
    }

    /** A worker that lends twice what real ones do, and then answers offers so. */
    public static ScriptedWorker considering(Lab lab, Consideration consideration)
            throws IOException, InterruptedException {
        return start(
                lab,
                new ScriptedWorker(
                        lab.party(), 2 * Lab.MEMORY_BYTES, Amount.ZERO, consideration, _ -> {}));
    }

    private static ScriptedWorker start(Lab lab, ScriptedWorker worker) {
        var party = worker.party;
        Lab.answering(party, worker);
        party.host().handle(party.protocols().control(), worker::control);
        party.host().handle(party.protocols().stage(), worker::stage);
        lab.register(Directory.Role.WORKER, party);
        return worker;
    }

    public Party party() {
        return party;
    }

    /** How many offers came. */
    public int offers() {
        return offers.get();
    }

    /** How many offers were taken back. */
    public int released() {
        return released.get();
    }

    @Override
    public boolean answers(Question question) {
        return question instanceof Question.AskCapability
                || question instanceof Question.MakeOffer
                || question instanceof Question.ReleaseOffer;
    }

    @Override
    public Answer answer(PeerId from, Question question, Consumer<Answer.Progressed> progress)
            throws IOException, InterruptedException {
        if (question instanceof Question.AskCapability(var nonce)) {
            return new Answer.CapabilityTold(party.seals().sealCapability(capability(), nonce));
        }
        if (question instanceof Question.MakeOffer(var envelope)) {
            offers.incrementAndGet();
            var offer = party.seals().openOffer(envelope).content();
            return new Answer.Admitted(consideration.consider(offer));
        }
        released.incrementAndGet();
        return new Answer.Done("released");
    }

    private Capability capability() {
        return new Capability(
                party.id(),
                memoryBytes,
                memoryBytes,
                1,
                Lab.ENGINE.profile().id().hex(),
                Lab.SPEED,
                party.account().account(),
                price);
    }

    private void control(Stream stream) throws IOException, InterruptedException {
        script.play(new Control(stream));
    }

    private void stage(Stream stream) throws IOException, InterruptedException {
        var hello = Hello.decode(stream.readMessage(Hello.BYTES_MAX));
        stream.writeMessage(Hello.encodeAnswer(null));
        var frames = new FrameStream(stream, 1 << 20);
        (hello.role() == Hello.Role.OUTPUT ? output : input).fill(frames);
        new Slot<FrameStream>().await(); // the host's end interrupts
    }

    /** The worker's side of a control stream, and what a script does with it. */
    public final class Control {
        private final Stream stream;

        private Control(Stream stream) {
            this.stream = stream;
        }

        public Stream stream() {
            return stream;
        }

        public Party party() {
            return party;
        }

        /** The next command that is not a beat; beats are answered. */
        public Command next() throws IOException, InterruptedException {
            while (true) {
                var command = Command.decode(stream.readMessage(Command.BYTES_MAX));
                if (command instanceof Command.Beat(var sequence)) {
                    say(new Report.Beat(sequence));
                } else {
                    return command;
                }
            }
        }

        public void say(Report report) throws IOException, InterruptedException {
            stream.writeMessage(report.encode());
        }

        /** Signs the user's agreement, as it should. */
        public Command.Open sign() throws IOException, InterruptedException {
            return sign(party.account());
        }

        /** Signs with any account's key. */
        public Command.Open sign(AccountKey key) throws IOException, InterruptedException {
            var open = (Command.Open) next();
            say(new Report.Opened(key.sign(open.agreement().digest(party.domain()))));
            return open;
        }

        /** Comes as far as a real worker does before the first batch, but has loaded nothing. */
        public Command.Open run() throws IOException, InterruptedException {
            var open = sign();
            next();
            say(new Report.Ready(Lab.ENGINE.profile().id().hex()));
            next();
            say(new Report.Linked());
            return open;
        }

        /** Answers beats and nothing else, until the stream ends. */
        public void onlyBeat() throws IOException, InterruptedException {
            while (true) {
                next();
            }
        }

        /** The next frame that the user sends to the first stage. */
        public TensorFrame input() throws IOException, InterruptedException {
            return input.await().receive();
        }

        /** Sends a frame as the last stage. */
        public void result(TensorFrame frame) throws IOException, InterruptedException {
            output.await().send(frame);
        }
    }
}
