(* D17. Error feedback conserves.

   sent + new residual = update + old residual, coordinate by coordinate and bit for bit, where the selector keeps
   values unchanged.

   Assumes: the sum update + residual is formed once, in floating point, and split by the mask. *)
From Coq Require Import ZArith List.
From Coq Require Import Floats.SpecFloat.

(* IEEE 754 binary64 as Coq's standard library specifies it; Zero false is +0. *)
Definition add64 : spec_float -> spec_float -> spec_float := SFadd 53 1024.
Definition zero64 : spec_float := S754_zero false.

(* The sum is formed once and split by the mask, coordinate by coordinate. *)
Section ErrorFeedback.
Variables (update residual : nat -> spec_float) (mask : nat -> bool).
Definition summed (i : nat) : spec_float := add64 (update i) (residual i).
Definition sent (i : nat) : spec_float := if mask i then summed i else zero64.
Definition new_residual (i : nat) : spec_float := if mask i then zero64 else summed i.
End ErrorFeedback.

(* The same bits, but for a sum that is -0, which +0 then stands for. NaN and infinities included. *)
Definition claim : Prop := forall update residual mask i,
  let total := summed update residual i in
  add64 (sent update residual mask i) (new_residual update residual mask i) =
  match total with S754_zero _ => zero64 | _ => total end
  /\ (sent update residual mask i = zero64 \/ new_residual update residual mask i = zero64).

Theorem proved : claim.
Proof.
  intros u r m i total. unfold sent, new_residual, zero64. fold total.
  destruct (m i); split; auto; destruct total as [s|s| |s man e]; try destruct s; reflexivity.
Qed.
