//! Refresh against all that ends a session, and step-ups against sign-out.

use poundlock_core::refresh::{FamilyRow, RefreshToken};
use poundlock_core::session::SessionRow;
use poundlock_core::user::UserRow;
use poundlock_store::{Batch, CommitError, Store, on_both, refresh, session, step_up, user};

use crate::nouns::{
    NOW, duel, family_of, list_one, made, rotation, step_up_row, stored_family, stored_session, stored_user, write,
};

const ROUNDS: usize = 40;

/// A user with one session and its family.
struct Scene {
    user: UserRow,
    session: SessionRow,
    token: RefreshToken,
    family: FamilyRow,
}

impl Scene {
    async fn new(store: &Store, round: usize) -> Self {
        let user = stored_user(store, &format!("user {round}")).await;
        let session = stored_session(store, user.id, i64::try_from(round).unwrap()).await;
        let (token, family) = stored_family(store, session.id).await;
        Self { user, session, token, family }
    }

    /// What a refresh writes.
    fn rotates(&self) -> Batch {
        made(|b| {
            refresh::rotate(b, &rotation(&self.family, &self.token));
            session::used(b, &self.session);
            user::stands(b, self.user.id, self.user.version);
        })
    }

    /// No token of this family is good for anything any more.
    async fn assert_dead(self, store: &Store) {
        let family = family_of(store, self.family.id).await.unwrap();
        let again = Self { family, ..self };
        assert!(matches!(store.commit(again.rotates()).await, Err(CommitError::Conflict { .. })));
        let account = user::by_id(store, again.user.id).await.unwrap();
        let version = account.map_or(1, |account| account.user.version);
        let mut later = made(|b| refresh::rotate(b, &rotation(&again.family, &again.token)));
        session::used(&mut later, &again.session);
        user::stands(&mut later, again.user.id, version);
        assert!(matches!(store.commit(later).await, Err(CommitError::Conflict { .. })), "read anew, still dead");
    }
}

on_both! {
    async fn rft_13_refresh_against_sign_out(store) {
        list_one(&store).await;
        for round in 0..ROUNDS {
            let scene = Scene::new(&store, round).await;
            let ends = made(|b| {
                session::end(b, scene.session.id, NOW, "signed_out");
                refresh::end_of_session(b, scene.session.id, NOW, "signed_out");
            });
            let [_, ended] = duel(&store, round, scene.rotates(), ends).await;
            assert!(ended.is_ok());
            scene.assert_dead(&store).await;
        }
    }

    async fn rft_13_refresh_against_the_end_of_the_session_row_alone(store) {
        list_one(&store).await;
        for round in 0..ROUNDS {
            let scene = Scene::new(&store, round).await;
            let ends = made(|b| session::end_of_user(b, scene.user.id, NOW, "why"));
            let [_, ended] = duel(&store, round, scene.rotates(), ends).await;
            assert!(ended.is_ok());
            scene.assert_dead(&store).await;
        }
    }

    async fn rft_02_refresh_against_the_end_of_its_family(store) {
        list_one(&store).await;
        for round in 0..ROUNDS {
            let scene = Scene::new(&store, round).await;
            let ends = made(|b| refresh::end(b, scene.family.id, NOW, "reuse"));
            let [_, ended] = duel(&store, round, scene.rotates(), ends).await;
            assert!(ended.is_ok());
            scene.assert_dead(&store).await;
        }
    }

    async fn rft_07_t_34_refresh_against_disable_and_delete(store) {
        list_one(&store).await;
        for round in 0..ROUNDS {
            let scene = Scene::new(&store, round).await;
            let (id, version) = (scene.user.id, scene.user.version);
            let ends = made(|b| match round % 4 {
                0 | 1 => user::disable(b, id, version, NOW, "disabled"),
                _ => user::delete(b, id, version, NOW, "deleted"),
            });
            let [_, ended] = duel(&store, round, scene.rotates(), ends).await;
            assert!(ended.is_ok());
            assert_eq!(session::by_id(&store, scene.session.id).await.unwrap().unwrap().ended_at, Some(NOW));
            scene.assert_dead(&store).await;
        }
    }

    async fn rft_08_refresh_of_another_session_against_a_password_change(store) {
        list_one(&store).await;
        for round in 0..ROUNDS {
            let scene = Scene::new(&store, round).await;
            let present = stored_session(&store, scene.user.id, i64::try_from(1_000 + round).unwrap()).await;
            let ends = made(|b| {
                user::set_password(b, scene.user.id, scene.user.version, b"new");
                session::end_others(b, scene.user.id, present.id, NOW, "password_changed");
            });
            let [_, changed] = duel(&store, round, scene.rotates(), ends).await;
            assert!(changed.is_ok());
            scene.assert_dead(&store).await;
            write(&store, |b| session::lives(b, present.id, 1)).await.unwrap();
        }
    }

    async fn ses_01_a_raise_against_a_refresh_loses_neither(store) {
        list_one(&store).await;
        for round in 0..ROUNDS {
            let scene = Scene::new(&store, round).await;
            let raised = SessionRow { version: 2, sealed: b"raised".to_vec(), ..scene.session.clone() };
            let raise = made(|b| session::changed(b, &raised));
            let [rotated, raise] = duel(&store, round, scene.rotates(), raise).await;
            assert!(raise.is_ok());
            let read = session::by_id(&store, raised.id).await.unwrap().unwrap();
            assert_eq!((read.version, read.sealed.as_slice()), (2, b"raised".as_slice()));
            let generation = family_of(&store, scene.family.id).await.unwrap().generation;
            assert_eq!(generation, scene.family.generation + u32::from(rotated.is_ok()));
        }
    }

    async fn ses_05_a_change_by_step_up_against_sign_out(store) {
        list_one(&store).await;
        for round in 0..ROUNDS {
            let user = stored_user(&store, &format!("user {round}")).await;
            let session = stored_session(&store, user.id, i64::try_from(round).unwrap()).await;
            let rights = [step_up_row(session.id), step_up_row(session.id)];
            write(&store, |b| rights.iter().for_each(|row| step_up::insert(b, row))).await.unwrap();
            let change = |n: usize, version| made(|b| {
                step_up::spend(b, &rights[n].digest, NOW);
                session::lives(b, session.id, session.version);
                user::set_password(b, user.id, version, b"new");
            });
            let ends = made(|b| session::end(b, session.id, NOW, "signed_out"));
            let [changed, ended] = duel(&store, round, change(0, 1), ends).await;
            assert!(ended.is_ok());
            let version = user::by_id(&store, user.id).await.unwrap().unwrap().user.version;
            assert_eq!(version, 1 + i64::from(changed.is_ok()));
            // After the end, a right that is still there opens nothing.
            let late = store.commit(change(1, version)).await.unwrap_err();
            assert_eq!(late, CommitError::Conflict { statement: 1 });
        }
    }
}
