// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Credits, Signature} from "../src/Credits.sol";
import {Deposits} from "../src/Deposits.sol";
import {Notices} from "../src/Notices.sol";
import {Rewards} from "../src/Rewards.sol";
import {Validators} from "../src/Validators.sol";
import {Signing} from "./Signing.sol";
import {vm} from "./Vm.sol";

/// Single rules, where a block or a caller can be had more easily than from Java. Each test is a sentence.
contract LedgerTest is Signing {
    function test_money_leaves_a_deposit_only_after_notice() public {
        _issue(ALICE, 100);
        _deposit(ALICE, 100);
        require(_notice(ALICE, 60) && !_notice(ALICE, 60), "noticed once");
        vm.warp(block.timestamp + NOTICE - 1);
        vm.expectRevert(Notices.NoticeRunning.selector);
        ledger.withdraw(vm.addr(ALICE));
        // Who is owed something takes it in the meantime.
        _redeem(ALICE, BOB, 70);
        vm.warp(block.timestamp + 1);

        require(ledger.withdraw(vm.addr(ALICE)) == 30, "what is left leaves");
        require(ledger.withdraw(vm.addr(ALICE)) == 0, "once");
        require(ledger.balanceOf(vm.addr(ALICE)) == 30, "to its credits");
    }

    function test_a_lock_keeps_money_for_one_payee() public {
        _issue(ALICE, 100);
        _deposit(ALICE, 100);
        uint64 until = uint64(block.timestamp) + 1 hours;
        require(_lock(ALICE, BOB, 60, until) && !_lock(ALICE, BOB, 60, until), "locked once");

        Deposits.SignedVoucher[] memory batch = new Deposits.SignedVoucher[](1);
        batch[0] = _voucher(ALICE, CAROL, 41);
        vm.expectRevert(Deposits.InsufficientDeposit.selector);
        ledger.redeem(batch);
        require(_redeem(ALICE, CAROL, 40) == 40, "the rest is free");
        _notice(ALICE, 100);
        vm.warp(block.timestamp + NOTICE);
        require(ledger.withdraw(vm.addr(ALICE)) == 0, "nothing free to withdraw");
        require(_redeem(ALICE, BOB, 60) == 60, "the lock is paid");
    }

    function test_a_lock_ends_at_its_time_and_its_message_counts_once() public {
        _issue(ALICE, 100);
        _deposit(ALICE, 100);
        uint64 until = uint64(block.timestamp) + 1 hours;
        _lock(ALICE, BOB, 60, until);
        _redeem(ALICE, BOB, 60);
        require(!_lock(ALICE, BOB, 60, until), "not locked again");
        _lock(ALICE, BOB, 10, until + 1);
        vm.warp(until + 1 + 10 minutes);
        vm.expectRevert(Deposits.LockActive.selector);
        ledger.unlock(vm.addr(ALICE), vm.addr(BOB));
        vm.warp(until + 2 + 10 minutes);

        require(ledger.unlock(vm.addr(ALICE), vm.addr(BOB)), "freed");
        require(!ledger.unlock(vm.addr(ALICE), vm.addr(BOB)), "once");
        require(_redeem(ALICE, CAROL, 40) == 40, "for anybody");
    }

    function testFuzz_a_lock_that_runs_cannot_be_made_smaller(uint128 first, uint128 second) public {
        vm.assume(first > 0);
        _issue(ALICE, first);
        _deposit(ALICE, first);
        uint64 until = uint64(block.timestamp) + 1 hours;
        _lock(ALICE, BOB, first, until);
        vm.assume(second < first);

        Deposits.Lock memory m = Deposits.Lock(vm.addr(ALICE), vm.addr(BOB), second, until + 1);
        bytes32 t = keccak256("Lock(address payer,address payee,uint128 amount,uint64 until)");
        Signature memory signature = _sign(ALICE, abi.encode(t, m));
        vm.expectRevert(Deposits.LockShrinks.selector);
        ledger.lock(m, signature);
    }

    function test_collateral_makes_a_validator_and_comes_back_after_its_delay() public {
        _issue(ALICE, 250);
        require(_stake(ALICE, 99) && ledger.validatorCount() == 0, "too little");
        require(_stake(ALICE, 250) && ledger.validatorCount() == 1, "a validator");
        require(_announce(ALICE, "here", 1) && !_announce(ALICE, "there", 1), "announced once");
        (address[] memory accounts, bytes[] memory records) = ledger.validators(0, 10);
        require(accounts[0] == vm.addr(ALICE) && keccak256(records[0]) == keccak256("here"), "found");
        require(_noticeUnstake(ALICE, 150) && ledger.validatorCount() == 1, "enough stays");
        require(_noticeUnstake(ALICE, 250) && ledger.validatorCount() == 0, "none any more");
        vm.warp(block.timestamp + UNSTAKE_DELAY - 1);
        vm.expectRevert(Notices.NoticeRunning.selector);
        ledger.unstake(vm.addr(ALICE));
        vm.warp(block.timestamp + 1);

        require(ledger.unstake(vm.addr(ALICE)) == 250, "all back");
        require(ledger.balanceOf(vm.addr(ALICE)) == 250, "to its credits");
    }

    function test_only_a_validator_announces_and_no_more_than_fits() public {
        Signature memory any;
        vm.expectRevert(Validators.NotValidator.selector);
        ledger.announce(Validators.PeerRecord(vm.addr(ALICE), "here", 1), any);
        _issue(ALICE, 100);
        _stake(ALICE, 100);
        _announce(ALICE, new bytes(2048), 1);
        vm.expectRevert(Validators.RecordTooLarge.selector);
        ledger.announce(Validators.PeerRecord(vm.addr(ALICE), new bytes(2049), 2), any);
    }

    function test_a_root_pays_after_its_delay_and_each_account_once() public {
        _validators();
        (bytes32 root, bytes32 bobs, bytes32 carols) = _tree(30, 12);
        Rewards.RewardRoot memory m = Rewards.RewardRoot(1, root, 42, "leaves");
        Signature[] memory signatures = _signRoot(ALICE, BOB, m);
        require(ledger.postRoot(m, signatures) && !ledger.postRoot(m, signatures), "posted once");
        bytes32[] memory proof = new bytes32[](1);
        proof[0] = carols;
        vm.expectRevert(Rewards.InvalidProof.selector);
        ledger.claim(vm.addr(BOB), 30, proof);
        vm.warp(block.timestamp + ACTIVATION);

        vm.expectRevert(Rewards.InvalidProof.selector);
        ledger.claim(vm.addr(BOB), 31, proof);
        require(ledger.claim(vm.addr(BOB), 30, proof) == 30, "paid");
        require(ledger.claim(vm.addr(BOB), 30, proof) == 0, "once");
        proof[0] = bobs;
        require(ledger.claim(vm.addr(CAROL), 12, proof) == 12, "paid too");
        (uint128 pool, uint128 claimed) = _rewards();
        require(pool == 1000 - 42 && claimed == 42, "from the pool");
    }

    function test_a_root_needs_more_than_two_thirds_of_the_validators_each_once() public {
        _validators();
        Rewards.RewardRoot memory m = Rewards.RewardRoot(1, "root", 42, "leaves");
        Signature[] memory one = new Signature[](1);
        one[0] = _signRoot(ALICE, m);
        Signature[] memory twice = new Signature[](2);
        (twice[0], twice[1]) = (one[0], one[0]);
        Signature[] memory stranger = _signRoot(ALICE, CAROL, m);
        Signature[] memory good = _signRoot(ALICE, BOB, m);
        Signature[] memory unordered = new Signature[](2);
        (unordered[0], unordered[1]) = (good[1], good[0]);

        vm.expectRevert(Validators.QuorumMissing.selector);
        ledger.postRoot(m, one);
        vm.expectRevert(Credits.BadSignature.selector);
        ledger.postRoot(m, twice);
        vm.expectRevert(Credits.BadSignature.selector);
        ledger.postRoot(m, stranger);
        vm.expectRevert(Credits.BadSignature.selector);
        ledger.postRoot(m, unordered);
        m.total = 43;
        vm.expectRevert(Credits.BadSignature.selector);
        ledger.postRoot(m, good);
    }

    function test_a_root_promises_no_more_than_the_pool_holds_whatever_is_in_escrow() public {
        _validators();
        _issue(CAROL, 5000);
        _deposit(CAROL, 5000);
        Rewards.RewardRoot memory m = Rewards.RewardRoot(1, "root", 1001, "leaves");
        Signature[] memory signatures = _signRoot(ALICE, BOB, m);
        vm.expectRevert(Rewards.RewardPoolExceeded.selector);
        ledger.postRoot(m, signatures);
    }

    function test_leaves_that_add_up_to_more_than_the_total_are_not_all_paid() public {
        _validators();
        (bytes32 root, bytes32 bobs, bytes32 carols) = _tree(30, 13);
        Rewards.RewardRoot memory m = Rewards.RewardRoot(1, root, 42, "leaves");
        ledger.postRoot(m, _signRoot(ALICE, BOB, m));
        vm.warp(block.timestamp + ACTIVATION);
        bytes32[] memory proof = new bytes32[](1);
        proof[0] = carols;
        ledger.claim(vm.addr(BOB), 30, proof);
        proof[0] = bobs;
        vm.expectRevert(Rewards.RewardsExceedTotal.selector);
        ledger.claim(vm.addr(CAROL), 13, proof);
    }

    function test_a_root_that_waits_can_be_cancelled_by_the_guardian_or_a_blocking_minority() public {
        _validators();
        Rewards.RewardRoot memory m = Rewards.RewardRoot(1, "root", 42, "leaves");
        ledger.postRoot(m, _signRoot(ALICE, BOB, m));
        Signature[] memory none = new Signature[](0);
        vm.expectRevert(Validators.QuorumMissing.selector);
        ledger.cancelRoot(1, none);
        vm.prank(GUARDIAN);
        ledger.cancelRoot(1, none);

        Signature[] memory signatures = _signRoot(ALICE, BOB, m);
        vm.expectRevert(Rewards.EpochPassed.selector);
        ledger.postRoot(m, signatures);
        m.epoch = 2;
        ledger.postRoot(m, _signRoot(ALICE, BOB, m));
        Signature[] memory one = new Signature[](1);
        one[0] = _sign(BOB, abi.encode(keccak256("RootCancel(uint64 epoch)"), uint64(2)));
        ledger.cancelRoot(2, one);
        vm.expectRevert(Rewards.RootUnknown.selector);
        ledger.cancelRoot(2, one);
        require(_activeRoot().total == 0, "nothing counts");
    }

    function test_roots_only_grow_and_wait_for_each_other() public {
        _validators();
        Rewards.RewardRoot memory m = Rewards.RewardRoot(5, "root", 42, "leaves");
        ledger.postRoot(m, _signRoot(ALICE, BOB, m));
        Rewards.RewardRoot memory next = Rewards.RewardRoot(6, "next", 41, "leaves");
        Signature[] memory signatures = _signRoot(ALICE, BOB, next);
        vm.expectRevert(Rewards.RootPending.selector);
        ledger.postRoot(next, signatures);
        vm.warp(block.timestamp + ACTIVATION);
        vm.prank(GUARDIAN);
        vm.expectRevert(Rewards.RootActive.selector);
        ledger.cancelRoot(5, new Signature[](0));
        vm.expectRevert(Rewards.RewardsShrink.selector);
        ledger.postRoot(next, signatures);
        next.total = 42;
        require(ledger.postRoot(next, _signRoot(ALICE, BOB, next)), "equal is enough");
    }

    function test_two_roots_of_one_epoch_cost_a_validator_its_collateral_for_good() public {
        _validators();
        Rewards.RewardRoot memory one = Rewards.RewardRoot(1, "root", 42, "leaves");
        Rewards.RewardRoot memory other = Rewards.RewardRoot(1, "root", 43, "leaves");
        (Signature memory a, Signature memory b) = (_signRoot(ALICE, one), _signRoot(ALICE, other));
        (Signature memory bobs, uint256 supply) = (_signRoot(BOB, other), ledger.totalSupply());
        // Notice does not save it.
        _noticeUnstake(ALICE, 150);

        vm.expectRevert(Rewards.NoEquivocation.selector);
        ledger.slash(vm.addr(ALICE), vm.addr(CAROL), one, a, one, a);
        vm.expectRevert(Credits.BadSignature.selector);
        ledger.slash(vm.addr(ALICE), vm.addr(CAROL), one, a, other, bobs);
        vm.prank(vm.addr(CAROL));
        ledger.slash(vm.addr(ALICE), vm.addr(CAROL), one, a, other, b);

        require(ledger.validatorCount() == 1, "a validator no longer");
        require(ledger.balanceOf(vm.addr(CAROL)) == 15, "a tenth to the reporter");
        require(ledger.totalSupply() == supply - 135, "the rest is burned");
        vm.expectRevert(Validators.NotValidator.selector);
        ledger.slash(vm.addr(ALICE), vm.addr(CAROL), one, a, other, b);
        Validators.Stake memory again = Validators.Stake(vm.addr(ALICE), 1000);
        vm.expectRevert(Validators.NotValidator.selector);
        ledger.stake(again, a);
    }

    function testFuzz_a_payment_of_any_size_is_paid_in_full(uint128 amount) public {
        vm.assume(amount > 0);
        _issue(ALICE, amount);
        _deposit(ALICE, amount);
        require(_redeem(ALICE, BOB, amount) == amount, "every bit of it");
        require(ledger.balanceOf(vm.addr(BOB)) == amount, "no bit is lost");
    }

    /// Alice and Bob, with 150 each; and a pool of 1,000.
    function _validators() private {
        _issue(ALICE, 150);
        _stake(ALICE, 150);
        _issue(BOB, 150);
        _stake(BOB, 150);
        _issue(ISSUER, 1000);
        _fund(ISSUER, 1000);
    }

    function _tree(uint128 bobs, uint128 carols) private pure returns (bytes32 root, bytes32 bob, bytes32 carol) {
        (bob, carol) = (_leaf(vm.addr(BOB), bobs), _leaf(vm.addr(CAROL), carols));
        root = bob < carol ? keccak256(abi.encode(bob, carol)) : keccak256(abi.encode(carol, bob));
    }
}
