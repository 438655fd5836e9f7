// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Signature} from "../src/Credits.sol";
import {Deposits} from "../src/Deposits.sol";
import {Disputes} from "../src/Disputes.sol";
import {Jobs} from "../src/Jobs.sol";
import {Rewards} from "../src/Rewards.sol";
import {Credits} from "../src/Credits.sol";
import {TensorlinkLedger, Terms} from "../src/TensorlinkLedger.sol";
import {Validators} from "../src/Validators.sol";
import {vm} from "./Vm.sol";

/// A ledger, accounts with keys, and their signatures. The type hashes are written out once more here.
abstract contract Signing {
    uint256 internal constant ISSUER = 0x1001;
    uint256 internal constant ALICE = 0x1002;
    uint256 internal constant BOB = 0x1003;
    uint256 internal constant CAROL = 0x1004;
    address internal constant GUARDIAN = address(0x9999);
    uint128 internal constant STAKE_MIN = 100;
    uint64 internal constant NOTICE = 1 days;
    uint64 internal constant UNSTAKE_DELAY = 7 days;
    uint64 internal constant ACTIVATION = 6 hours;
    uint64 internal constant WINDOW = 3 days;

    bytes32 private constant AGREEMENT = keccak256(
        "Agreement(bytes32 jobId,address payer,address payee,uint128 maxPrice,"
        "uint128 unitPrice,bytes32 unit,uint64 start,uint64 deadline,"
        "bytes32 specHash,address arbiter,uint256 salt)"
    );

    TensorlinkLedger internal ledger;

    constructor() {
        vm.warp(1767225600);
        ledger = new TensorlinkLedger(
            Terms(vm.addr(ISSUER), GUARDIAN, STAKE_MIN, 2, NOTICE, UNSTAKE_DELAY, ACTIVATION, WINDOW)
        );
    }

    function _sign(uint256 key, bytes memory message) internal view returns (Signature memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, _digest(message));
        return Signature(r, s, v);
    }

    function _digest(bytes memory message) internal view returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("Tensorlink"),
                keccak256("1"),
                block.chainid,
                address(ledger)
            )
        );
        return keccak256(abi.encodePacked(hex"1901", domain, keccak256(message)));
    }

    function _issue(uint256 key, uint128 cumulative) internal returns (bool) {
        Credits.Issuance memory m = Credits.Issuance(vm.addr(ISSUER), vm.addr(key), cumulative);
        bytes32 t = keccak256("Issuance(address issuer,address account,uint128 cumulative)");
        return ledger.issue(m, _sign(ISSUER, abi.encode(t, m)));
    }

    function _deposit(uint256 key, uint128 cumulative) internal returns (bool) {
        Deposits.Deposit memory m = Deposits.Deposit(vm.addr(key), cumulative);
        return ledger.deposit(m, _sign(key, abi.encode(keccak256("Deposit(address payer,uint128 cumulative)"), m)));
    }

    function _notice(uint256 key, uint128 cumulative) internal returns (bool) {
        Deposits.Withdrawal memory m = Deposits.Withdrawal(vm.addr(key), cumulative);
        bytes32 t = keccak256("Withdrawal(address payer,uint128 cumulative)");
        return ledger.noticeWithdrawal(m, _sign(key, abi.encode(t, m)));
    }

    function _lock(uint256 payer, uint256 payee, uint128 amount, uint64 until) internal returns (bool) {
        Deposits.Lock memory m = Deposits.Lock(vm.addr(payer), vm.addr(payee), amount, until);
        bytes32 t = keccak256("Lock(address payer,address payee,uint128 amount,uint64 until)");
        return ledger.lock(m, _sign(payer, abi.encode(t, m)));
    }

    function _voucher(uint256 payer, uint256 payee, uint128 cumulative)
        internal
        view
        returns (Deposits.SignedVoucher memory)
    {
        Deposits.Voucher memory m =
            Deposits.Voucher(vm.addr(payer), vm.addr(payee), cumulative, type(uint64).max, bytes32(0));
        bytes32 t = keccak256(
            "Voucher(address payer,address payee,uint128 cumulative,uint64 expiry,bytes32 jobsRoot)"
        );
        return Deposits.SignedVoucher(m, _sign(payer, abi.encode(t, m)));
    }

    function _redeem(uint256 payer, uint256 payee, uint128 cumulative) internal returns (uint256) {
        Deposits.SignedVoucher[] memory batch = new Deposits.SignedVoucher[](1);
        batch[0] = _voucher(payer, payee, cumulative);
        return ledger.redeem(batch);
    }

    function _stake(uint256 key, uint128 cumulative) internal returns (bool) {
        Validators.Stake memory m = Validators.Stake(vm.addr(key), cumulative);
        return ledger.stake(m, _sign(key, abi.encode(keccak256("Stake(address validator,uint128 cumulative)"), m)));
    }

    function _noticeUnstake(uint256 key, uint128 cumulative) internal returns (bool) {
        Validators.Unstake memory m = Validators.Unstake(vm.addr(key), cumulative);
        bytes32 t = keccak256("Unstake(address validator,uint128 cumulative)");
        return ledger.noticeUnstake(m, _sign(key, abi.encode(t, m)));
    }

    function _announce(uint256 key, bytes memory record, uint64 serial) internal returns (bool) {
        bytes32 t = keccak256("PeerRecord(address validator,bytes record,uint64 serial)");
        return ledger.announce(
            Validators.PeerRecord(vm.addr(key), record, serial),
            _sign(key, abi.encode(t, vm.addr(key), keccak256(record), serial))
        );
    }

    function _fund(uint256 key, uint128 cumulative) internal returns (bool) {
        Rewards.Funding memory m = Rewards.Funding(vm.addr(key), cumulative);
        return ledger.fund(m, _sign(key, abi.encode(keccak256("Funding(address funder,uint128 cumulative)"), m)));
    }

    function _signRoot(uint256 key, Rewards.RewardRoot memory m) internal view returns (Signature memory) {
        bytes32 t = keccak256("RewardRoot(uint64 epoch,bytes32 root,uint128 total,bytes32 leavesHash)");
        return _sign(key, abi.encode(t, m));
    }

    /// The arbiter is the issuer.
    function _agreement(uint256 payer, uint256 payee, uint128 price, uint256 salt)
        internal
        view
        returns (Jobs.Agreement memory)
    {
        bytes32 jobId = keccak256(abi.encodePacked(bytes32("spec"), vm.addr(payer), salt));
        return Jobs.Agreement(
            jobId,
            vm.addr(payer),
            vm.addr(payee),
            price,
            1,
            "token",
            uint64(block.timestamp),
            uint64(block.timestamp),
            "spec",
            vm.addr(ISSUER),
            salt
        );
    }

    /// Opens the job of an agreement and puts the agreement on record.
    function _record(uint256 payer, uint256 payee, Jobs.Agreement memory m) internal {
        Jobs.JobOpening memory opening = Jobs.JobOpening(m.specHash, m.payer, m.salt, address(0));
        bytes32 t = keccak256("JobOpening(bytes32 specHash,address payer,uint256 salt,address notary)");
        ledger.openJob(opening, _sign(payer, abi.encode(t, opening)));
        bytes memory message = abi.encode(AGREEMENT, m);
        ledger.recordAgreement(m, _sign(payer, message), _sign(payee, message));
    }

    function _dispute(uint256 plaintiff, Jobs.Agreement memory a) internal returns (bool) {
        Disputes.Dispute memory m = Disputes.Dispute(_digest(abi.encode(AGREEMENT, a)), vm.addr(plaintiff), "evidence");
        bytes32 t = keccak256("Dispute(bytes32 agreement,address plaintiff,bytes32 evidence)");
        return ledger.dispute(a, m, _sign(plaintiff, abi.encode(t, m)));
    }

    function _judge(Jobs.Agreement memory a, uint128 cumulative) internal returns (bool) {
        Disputes.Verdict memory m = Disputes.Verdict(_digest(abi.encode(AGREEMENT, a)), cumulative, vm.addr(ISSUER));
        bytes32 t = keccak256("Verdict(bytes32 agreement,uint128 cumulative,address arbiter)");
        return ledger.judge(a, m, _sign(ISSUER, abi.encode(t, m)));
    }

    /// Of two validators, in the order of their accounts.
    function _signRoot(uint256 one, uint256 other, Rewards.RewardRoot memory m)
        internal
        view
        returns (Signature[] memory signatures)
    {
        if (vm.addr(one) > vm.addr(other)) (one, other) = (other, one);
        signatures = new Signature[](2);
        (signatures[0], signatures[1]) = (_signRoot(one, m), _signRoot(other, m));
    }

    function _rewards() internal view returns (uint128 pool, uint128 claimed) {
        (pool, claimed,,,) = ledger.rewards();
    }

    function _activeRoot() internal view returns (Rewards.Root memory active) {
        (,,, active,) = ledger.rewards();
    }

    function _collateral(address account) internal view returns (Validators.Collateral memory collateral) {
        (collateral,) = ledger.registration(account);
    }

    function _leaf(address account, uint128 total) internal pure returns (bytes32) {
        return keccak256(bytes.concat(keccak256(abi.encode(account, total))));
    }
}
