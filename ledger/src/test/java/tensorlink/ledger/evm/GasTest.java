package tensorlink.ledger.evm;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import java.math.BigInteger;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.ledger.Account;
import tensorlink.ledger.AccountKey;
import tensorlink.ledger.Amount;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.Deposit;
import tensorlink.ledger.Domain;
import tensorlink.ledger.Issuance;
import tensorlink.ledger.Signature65;
import tensorlink.ledger.Signed;
import tensorlink.ledger.Voucher;
import tensorlink.ledger.eip712.Keccak;
import tensorlink.ledger.eip712.StructType;

/** What settling costs, so that no change of the contract makes it dear unnoticed. */
class GasTest {
    private static final Logger log = LoggerFactory.getLogger(GasTest.class);
    private static final AccountKey ISSUER = key("issuer");
    private static final int PAIRS = 50;
    private static final long PAIR_MAX = 30_000;
    private static final long ROOT_MAX = 75_000;
    private static final long CLAIM_MAX = 65_000;
    private static final StructType ROOT =
            StructType.of("RewardRoot(uint64 epoch,bytes32 root,uint128 total,bytes32 leavesHash)");

    @TempDir private Path directory;
    private Anvil anvil;
    private Account contract;
    private Domain domain;
    private Sender sender;

    @BeforeEach
    void deploy() throws Exception {
        anvil = Anvil.start();
        var terms = Anvil.terms(ISSUER.account(), Account.ZERO);
        var config = anvil.deploy("gas", terms, directory.resolve("deployer"));
        contract = config.contract().address();
        domain = config.domain();
        var chain = new Chain(anvil, new Finality.Depth(0), RpcLimits.defaults());
        sender =
                new Sender(
                        new Sender.Surroundings(chain, Anvil.CHAIN_ID, _ -> {}),
                        Anvil.PAYER_OF_GAS,
                        Anvil.QUICK,
                        SenderJournal.open(
                                directory.resolve("journal"),
                                Anvil.CHAIN_ID,
                                Anvil.PAYER_OF_GAS.account()));
    }

    @AfterEach
    void stop() throws Exception {
        if (anvil != null) {
            sender.close();
            anvil.close();
        }
    }

    @Test
    void fifty_pairs_that_know_each_other_settle_for_thirty_thousand_each() throws Exception {
        for (int i = 0; i < PAIRS; i++) {
            var payer = key("payer " + i);
            issue(payer.account(), 1_000);
            var deposit = new Deposit(payer.account(), Amount.of(1_000));
            gas(Calls.deposit(payer.sign(domain, deposit)));
        }
        long first = gas(Calls.redeem(vouchers(100)));

        long later = gas(Calls.redeem(vouchers(200)));

        log.info("redeem {}: {} each at first, {} later", PAIRS, first / PAIRS, later / PAIRS);
        assertThat(later / PAIRS).isLessThanOrEqualTo(PAIR_MAX);
    }

    @Test
    void a_later_root_and_a_later_claim_are_within_their_bounds() throws Exception {
        var validators = new ArrayList<>(List.of(key("validator 1"), key("validator 2")));
        validators.sort(Comparator.comparing(key -> RpcValue.hex(key.account().bytes())));
        for (var validator : validators) {
            issue(validator.account(), 100);
            moveAside("stake", "Stake(address validator,uint128 cumulative)", validator, 100);
        }
        issue(ISSUER.account(), 10_000);
        moveAside("fund", "Funding(address funder,uint128 cumulative)", ISSUER, 10_000);
        var earner = key("earner").account();
        var siblings = new ArrayList<Bytes32>();
        for (int i = 0; i < 10; i++) {
            siblings.add(Bytes32.keccak("sibling " + i));
        }
        long firstRoot = postRoot(1, root(earner, 30, siblings), validators);
        pass(Duration.ofHours(6));
        long firstClaim = gas(claim(earner, 30, siblings));

        long laterRoot = postRoot(2, root(earner, 70, siblings), validators);
        pass(Duration.ofHours(12));
        long laterClaim = gas(claim(earner, 70, siblings));

        log.info("root {} at first, {} later", firstRoot, laterRoot);
        log.info("claim {} at first, {} later", firstClaim, laterClaim);
        assertThat(laterRoot).isLessThanOrEqualTo(ROOT_MAX);
        assertThat(laterClaim).isLessThanOrEqualTo(CLAIM_MAX);
    }

    private static AccountKey key(String name) {
        return AccountKey.of(Bytes32.keccak(name));
    }

    private void issue(Account account, long cumulative) throws Exception {
        var issuance = new Issuance(ISSUER.account(), account, Amount.of(cumulative));
        gas(Calls.issue(ISSUER.sign(domain, issuance)));
    }

    private List<Signed<Voucher>> vouchers(long cumulative) {
        var vouchers = new ArrayList<Signed<Voucher>>();
        for (int i = 0; i < PAIRS; i++) {
            var payer = key("payer " + i);
            vouchers.add(
                    payer.sign(
                            domain,
                            new Voucher(
                                    payer.account(),
                                    key("payee " + i).account(),
                                    Amount.of(cumulative),
                                    Anvil.START.plus(Duration.ofDays(1)),
                                    Bytes32.keccak("jobs"))));
        }
        return vouchers;
    }

    private void moveAside(String function, String type, AccountKey owner, long cumulative)
            throws Exception {
        var digest =
                StructType.of(type)
                        .values()
                        .address(owner.account().bytes())
                        .uint(cumulative)
                        .digest(domain.separator().bytes());
        gas(
                selector(function + "((address,uint128),(bytes32,bytes32,uint8))")
                        .concat(word(owner.account().bytes()))
                        .concat(word(cumulative))
                        .concat(signature(owner.sign(new Bytes32(digest)))));
    }

    private long postRoot(long epoch, Bytes32 root, List<AccountKey> validators) throws Exception {
        var digest =
                ROOT.values()
                        .uint(epoch)
                        .bytes32(root.bytes())
                        .uint(100)
                        .bytes32(root.bytes())
                        .digest(domain.separator().bytes());
        var call =
                selector(
                                "postRoot((uint64,bytes32,uint128,bytes32),"
                                        + "(bytes32,bytes32,uint8)[])")
                        .concat(word(epoch))
                        .concat(root.bytes())
                        .concat(word(100))
                        .concat(root.bytes())
                        .concat(word(5 * AbiReader.WORD))
                        .concat(word(validators.size()));
        for (var validator : validators) {
            call = call.concat(signature(validator.sign(new Bytes32(digest))));
        }
        return gas(call);
    }

    private static ByteString claim(Account account, long total, List<Bytes32> proof) {
        var call =
                selector("claim(address,uint128,bytes32[])")
                        .concat(word(account.bytes()))
                        .concat(word(total))
                        .concat(word(3 * AbiReader.WORD))
                        .concat(word(proof.size()));
        for (var sibling : proof) {
            call = call.concat(sibling.bytes());
        }
        return call;
    }

    /** The root to which the siblings lead from an account's leaf. */
    private static Bytes32 root(Account account, long total, List<Bytes32> siblings) {
        var node = Keccak.hash(Keccak.hash(word(account.bytes()), word(total)));
        for (var sibling : siblings) {
            boolean less =
                    Arrays.compareUnsigned(node.toByteArray(), sibling.bytes().toByteArray()) < 0;
            node = less ? Keccak.hash(node, sibling.bytes()) : Keccak.hash(sibling.bytes(), node);
        }
        return new Bytes32(node);
    }

    private void pass(Duration sinceStart) throws Exception {
        anvil.nextTime(Anvil.START.plus(sinceStart));
        anvil.mine(1);
    }

    /** What the call costs in a block, in which it succeeds. */
    private long gas(ByteString call) throws Exception {
        var receipt = sender.send(Optional.of(contract), call, 10_000_000);
        assertThat(receipt.succeeded()).isTrue();
        return receipt.gasUsed();
    }

    private static ByteString selector(String signature) {
        return Reverts.selector(signature);
    }

    private static ByteString word(ByteString bytes) {
        return ByteString.copyFrom(new byte[AbiReader.WORD - bytes.size()]).concat(bytes);
    }

    private static ByteString word(long value) {
        return word(ByteString.copyFrom(BigInteger.valueOf(value).toByteArray()));
    }

    private static ByteString signature(Signature65 signature) {
        var bytes = signature.bytes();
        return bytes.substring(0, 64).concat(word(bytes.substring(64)));
    }
}
